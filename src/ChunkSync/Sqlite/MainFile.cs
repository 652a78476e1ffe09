namespace ChunkSync.Sqlite;

/// <summary>Notices that a connection's database <c>main</c> is another one since the last look: <c>sqlite3_deserialize</c> puts one in its
/// place, and the new one's schema_version and data_version can be those of the old.</summary>
/// <remarks>SQLite opens the new file before it closes the old, so its handle is at another address; after two in a row it can be at the
/// first one's again, but then its methods are others, unless the first came the same way (<see cref="WasReplaced"/>). Statements and eponymous tables
/// outlive that in SQLite, with pointers to the schema that is gone (seen in 3.35 to 3.50): prepared statements may run in the wrong
/// b-trees, and a table-valued function that was used before can end the process. So what we have is prepared again, and eponymous tables are
/// dropped where that can be done: ours, and those of pragmas.</remarks>
internal sealed unsafe class MainFile(Connection connection)
{
    private const int FilePointer = 7;

    private nint seen;
    private nint seenMethods;

    /// <summary>Whether that has happened on this connection: then the address alone does not tell one from the next.</summary>
    public bool WasReplaced { get; private set; }

    /// <summary>Looks; costs one call without a statement.</summary>
    /// <param name="repair">Called when another database is there; when it fails, the next look finds it again.</param>
    public void Look(Action repair)
    {
        nint file = 0;
        fixed (byte* main = "main\0"u8)
        {
            if (Sqlite3.Api->file_control(connection.Handle, main, FilePointer, &file) != ResultCode.Ok)
            {
                return;
            }
        }

        // A sqlite3_file begins with the address of its methods.
        nint methods = file == 0 ? 0 : *(nint*)file;
        if (seen != 0 && (file != seen || methods != seenMethods))
        {
            repair();
            WasReplaced = true;
        }

        seen = file;
        seenMethods = methods;
    }

    /// <summary>Drops the eponymous tables of pragmas; SQLite makes them again when they are used.</summary>
    public void DropPragmaTables()
    {
        List<string> names = [];
        using (Statement modules = connection.Prepare("PRAGMA module_list"))
        {
            while (modules.Step())
            {
                if (modules.Text(0).StartsWith("pragma_"u8))
                {
                    names.Add(modules.String(0));
                }
            }
        }

        foreach (string name in names)
        {
            ModuleRegistry.Unregister(connection, name);
        }
    }
}
