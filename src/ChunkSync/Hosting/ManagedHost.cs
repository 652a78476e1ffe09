using System.Runtime.InteropServices;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Hosting;

/// <summary>Registers the engine on a connection of a managed host, in process: no second runtime, no file per platform. The
/// host keeps the connection alive and must not unload this assembly.</summary>
/// <example><code>
/// nint sqlite = NativeLibrary.Load("libsqlite3.so.0");
/// ManagedHost.Register(connectionHandle, sqlite);
/// </code></example>
public static unsafe class ManagedHost
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<nint, nint> Tables = [];

    /// <summary>Registers all functions and tables of ChunkSync on a connection.</summary>
    /// <param name="connection">The <c>sqlite3*</c>.</param>
    /// <param name="sqliteLibrary">The handle of the SQLite library that opened the connection, from
    /// <see cref="NativeLibrary"/>; at least SQLite 3.35.</param>
    /// <exception cref="ArgumentException">The connection or the library is null.</exception>
    /// <exception cref="InvalidOperationException">The library is no SQLite library, is too old, was built without a routine that is
    /// needed, or another SQLite library is in use; or the database could not be read.</exception>
    public static void Register(nint connection, nint sqliteLibrary)
    {
        if (connection == 0)
        {
            throw new ArgumentException("the connection is null: a sqlite3* that is open is needed", nameof(connection));
        }

        if (sqliteLibrary == 0)
        {
            throw new ArgumentException("the SQLite library is null: NativeLibrary.Load gives its handle", nameof(sqliteLibrary));
        }

        Register(connection, TableOf(sqliteLibrary));
    }

    /// <summary>Registers with a table of routines: one that SQLite itself handed out, where it has no exports.</summary>
    /// <param name="connection">The <c>sqlite3*</c>.</param>
    /// <param name="table">The table; it outlives the connection.</param>
    /// <exception cref="InvalidOperationException">As in <see cref="Register(nint, nint)"/>.</exception>
    internal static void Register(nint connection, SqliteApi* table)
    {
        byte* message = null;
        Lz4.UseSystemLibrary();
        int code = Bootstrap.Load(connection, &message, table);
        if (code != ResultCode.OkLoadPermanently)
        {
            string text = message != null ? Sqlite3.Utf8String(message) : "chunksync could not be loaded: SQLite's code is " + code;
            table->free(message);
            throw new InvalidOperationException(text);
        }
    }

    /// <summary>Keeps what failures of the engine are about, beside SQLite's message, for <see cref="FailureNote.Take"/>.</summary>
    internal static void KeepFailures() => FailureNote.Listen();

    /// <summary>The table of routines made from a library's exports; one per library for the life of the process.</summary>
    /// <exception cref="InvalidOperationException">The library lacks a routine.</exception>
    private static SqliteApi* TableOf(nint library)
    {
        lock (Gate)
        {
            if (Tables.TryGetValue(library, out nint known))
            {
                return (SqliteApi*)known;
            }

            SqliteApi* table = (SqliteApi*)NativeMemory.AllocZeroed((nuint)sizeof(SqliteApi));
            foreach ((string name, int slot) in SqliteRoutines.All)
            {
                if (NativeLibrary.TryGetExport(library, "sqlite3_" + name, out nint address))
                {
                    ((nint*)table)[slot] = address;
                }
            }

            // A library that is merely too old lacks routines, too: loading says which version it is.
            int version = table->libversion_number == null ? 0 : table->libversion_number();
            if (version is 0 or >= Sqlite3.MinimumVersion && SqliteRoutines.Missing(table, version) is string missing)
            {
                NativeMemory.Free(table);
                throw new InvalidOperationException(Bootstrap.MissingRoutine(missing));
            }

            table = Shared(table);
            Tables.Add(library, (nint)table);
            return table;
        }
    }

    /// <summary>A table that was made before when all routines are the same: one library can have several handles.</summary>
    private static SqliteApi* Shared(SqliteApi* table)
    {
        ReadOnlySpan<byte> bytes = new(table, sizeof(SqliteApi));
        foreach (nint known in Tables.Values)
        {
            if (bytes.SequenceEqual(new ReadOnlySpan<byte>((void*)known, sizeof(SqliteApi))))
            {
                NativeMemory.Free(table);
                return (SqliteApi*)known;
            }
        }

        return table;
    }
}
