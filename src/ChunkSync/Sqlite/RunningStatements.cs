using System.Runtime.InteropServices;

namespace ChunkSync.Sqlite;

/// <summary>The statements of the connection that are being stepped.</summary>
internal static unsafe class RunningStatements
{
    /// <summary>Collects those that write: the one that fired the trigger that calls us, and what it runs inside of.</summary>
    public static void FindWriters(Connection connection, List<nint> writers)
    {
        writers.Clear();
        SqliteApi* api = Sqlite3.Api;
        for (nint statement = api->next_stmt(connection.Handle, 0); statement != 0; statement = api->next_stmt(connection.Handle, statement))
        {
            if (api->stmt_busy(statement) != 0 && api->stmt_readonly(statement) == 0)
            {
                writers.Add(statement);
            }
        }
    }

    /// <summary>A statement's text as UTF-8; empty when SQLite does not keep it.</summary>
    public static ReadOnlySpan<byte> Text(nint statement) => MemoryMarshal.CreateReadOnlySpanFromNullTerminated(Sqlite3.Api->sql(statement));
}
