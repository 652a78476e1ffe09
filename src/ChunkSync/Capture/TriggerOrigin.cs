using System.Text;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>Tells whose trigger calls us. An attached file that tracks a table of the same name has triggers with the same text, and SQLite
/// does not tell a function which schema's trigger it is called by.</summary>
/// <remarks>Where nothing is attached, this costs one call without a statement. Otherwise there is a question only while an attached
/// database is being written. Then the program of the statement that runs answers it: EXPLAIN lists the b-trees that it opens for writing,
/// those of its triggers and foreign-key actions among them, and a trigger only fires for a table that is opened so.</remarks>
internal sealed unsafe class TriggerOrigin(SyncSession session)
{
    private const int FirstAttached = 2;

    private static readonly List<(int Number, byte[] Name)> None = [];

    private enum Owner
    {
        Main,
        Attached,
        Unclear,
    }

    /// <summary>Whose trigger it is, and for the error text: the attached database, or why it cannot be told.</summary>
    private readonly record struct Answer(Owner Owner, string Detail);

    private readonly Connection connection = session.Connection;

    // Its rows are part of its program, and ATTACH does not make SQLite compile it again: it is released after every use.
    private readonly Statement databaseList = session.Connection.Prepare("PRAGMA database_list");

    /// <summary>Busy statements that write.</summary>
    private readonly List<nint> writers = [];

    /// <summary>Before SQLite 3.39: the attached databases when the statement began.</summary>
    private List<(int Number, byte[] Name)> listed = None;

    // The last answer "main", for the rows that follow in the same run of one statement.
    private nint known;
    private int knownRuns;
    private byte[] knownText = [];
    private byte[] knownTable = [];

    /// <summary>Refuses the write when the trigger is an attached database's, or when that cannot be told.</summary>
    /// <param name="table">The table name that the trigger passes.</param>
    /// <exception cref="EngineException">It is not <c>main</c>'s; the text says what to do.</exception>
    public void RequireMain(ReadOnlySpan<byte> table)
    {
        if (!HasAttached())
        {
            return;
        }

        Answer answer = Ask(table);
        if (answer.Owner != Owner.Main)
        {
            string name = Encoding.UTF8.GetString(table);
            throw Errors.Refused(answer.Owner == Owner.Attached
                ? $"table {name} of the attached database {answer.Detail} is synchronised by itself, and this connection records changes of its"
                    + " main database only: open that file on a connection of its own, with this extension loaded, and write there"
                : $"a table {name} is synchronised in main and in an attached database, and it cannot be told which of the two is written"
                    + $" ({answer.Detail}): write them in transactions of their own, or open each file on a connection of its own");
        }
    }

    /// <summary>Whether the trigger is an attached database's for certain.</summary>
    /// <param name="table">The table name that the trigger passes.</param>
    public bool IsAttached(ReadOnlySpan<byte> table) => HasAttached() && Ask(table).Owner == Owner.Attached;

    private bool HasAttached()
    {
        if (Sqlite3.HasDatabaseNames)
        {
            return Sqlite3.Api->db_name(connection.Handle, FirstAttached) != null;
        }

        if (!session.IsSameStatement)
        {
            listed = IsAnyListed() ? ListDatabases() : None;
        }

        return listed.Count > 0;
    }

    private Answer Ask(ReadOnlySpan<byte> table)
    {
        if (!IsWritingToAttached())
        {
            return new Answer(Owner.Main, "");
        }

        RunningStatements.FindWriters(connection, writers);
        if (writers.Count == 1 && IsKnown(writers[0], table))
        {
            return new Answer(Owner.Main, "");
        }

        known = 0;
        Answer answer = Decide(Encoding.UTF8.GetString(table));
        if (answer.Owner == Owner.Main && writers.Count == 1)
        {
            known = writers[0];
            knownRuns = Runs(known);
            knownText = RunningStatements.Text(known).ToArray();
            knownTable = table.ToArray();
        }

        return answer;
    }

    private Answer Decide(string table)
    {
        List<(int Number, byte[] Name)> attached = ListDatabases().FindAll(database => IsWritingTo(database.Name));
        try
        {
            HashSet<(int Number, long RootPage)> written = [];
            writers.ForEach(writer => ReadWrittenTrees(RunningStatements.Text(writer), written));
            int found = attached.FindIndex(database => HasTriggersOf(table, String(database.Name), database.Number, written));
            return found < 0 ? new Answer(Owner.Main, "")
                : HasTriggersOf(table, "main", 0, written) ? new Answer(Owner.Unclear, "one statement writes both")
                : new Answer(Owner.Attached, String(attached[found].Name));
        }
        catch (EngineException failure)
        {
            // A host's authorizer, or a text that is longer with EXPLAIN in front than a statement may be.
            return connection.IsWriting ? new Answer(Owner.Unclear, failure.Message) : new Answer(Owner.Attached, String(attached[0].Name));
        }
    }

    /// <summary>Whether one of the written tables of a database has triggers of ours for <paramref name="table"/>. They keep the name when
    /// the table is renamed.</summary>
    private bool HasTriggersOf(string table, string database, int number, HashSet<(int Number, long RootPage)> written)
    {
        string master = Connection.Quote(database) + ".sqlite_master";
        using Statement roots = connection.Prepare(
            $"SELECT t.rootpage FROM {master} AS g JOIN {master} AS t ON t.type = 'table' AND t.name = g.tbl_name COLLATE NOCASE"
            + " WHERE g.type = 'trigger' AND instr(lower(g.sql), 'cloudsync_') > 0 AND instr(lower(g.sql), lower(?1)) > 0");
        roots.Bind(1, "(" + Connection.Literal(table));
        bool found = false;
        while (!found && roots.Step())
        {
            found = written.Contains((number, roots.Int64(0)));
        }

        return found;
    }

    /// <summary>The b-trees that a statement's program and those of its triggers open for writing. Every table whose triggers can fire is
    /// among them by its root page, a WITHOUT ROWID table by that of its key.</summary>
    private void ReadWrittenTrees(ReadOnlySpan<byte> sql, HashSet<(int Number, long RootPage)> written)
    {
        const int Opcode = 1;
        const int RootPage = 3;
        const int Database = 4;
        using Statement program = connection.Prepare([.. "EXPLAIN "u8, .. sql]);
        while (program.Step())
        {
            if (program.Text(Opcode).SequenceEqual("OpenWrite"u8))
            {
                written.Add(((int)program.Int64(Database), program.Int64(RootPage)));
            }
        }
    }

    /// <summary>Whether it is the run of one statement that the last answer was about. Its handle and text alone could be another's that
    /// came after it.</summary>
    private bool IsKnown(nint writer, ReadOnlySpan<byte> table) =>
        session.IsSameStatement && writer == known && Runs(writer) == knownRuns
        && table.SequenceEqual(knownTable) && RunningStatements.Text(writer).SequenceEqual(knownText);

    private bool IsWritingToAttached()
    {
        if (!Sqlite3.HasDatabaseNames)
        {
            return listed.Exists(database => IsWritingTo(database.Name));
        }

        for (int i = FirstAttached; Sqlite3.Api->db_name(connection.Handle, i) is var name && name != null; i++)
        {
            if (connection.IsWritingTo(name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The attached databases by their number on the connection, with zero-terminated names.</summary>
    private List<(int Number, byte[] Name)> ListDatabases()
    {
        List<(int Number, byte[] Name)> databases = [];
        try
        {
            while (databaseList.Step())
            {
                if (databaseList.Int64(0) >= FirstAttached)
                {
                    databases.Add(((int)databaseList.Int64(0), [.. databaseList.Text(1), 0]));
                }
            }
        }
        finally
        {
            databaseList.Release();
        }

        return databases;
    }

    /// <summary>Whether anything is attached, asked before every statement: nothing is allocated.</summary>
    private bool IsAnyListed()
    {
        bool found = false;
        try
        {
            while (!found && databaseList.Step())
            {
                found = databaseList.Int64(0) >= FirstAttached;
            }
        }
        finally
        {
            databaseList.Release();
        }

        return found;
    }

    private bool IsWritingTo(byte[] name)
    {
        fixed (byte* bytes = name)
        {
            return connection.IsWritingTo(bytes);
        }
    }

    private static int Runs(nint statement)
    {
        const int RunCounter = 6;
        return Sqlite3.Api->stmt_status(statement, RunCounter, 0);
    }

    private static string String(byte[] name) => Encoding.UTF8.GetString(name.AsSpan().TrimEnd((byte)0));
}
