using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>A table may be called <c>sqlite</c>, and its clock table is then called <c>sqlite_cloudsync</c>: a name that SQLite keeps for
/// itself. It makes and drops such a table only where the schema is writable, and never an index of it.</summary>
internal static class ReservedName
{
    private const string Dropped = "chunksync_dropped";

    /// <summary>Whether tables named after a table have reserved names.</summary>
    public static bool Has(string table) => table.Equals("sqlite", StringComparison.OrdinalIgnoreCase);

    /// <summary>Creates the clock table, with the position index as a constraint.</summary>
    public static void CreateClockTable(Connection connection, string clock, string columns) => Unlocked(connection, () => connection.Execute(
        $"CREATE TABLE IF NOT EXISTS main.{Connection.Quote(clock)} ({columns}, UNIQUE ({ClockTable.PositionColumns})) WITHOUT ROWID"));

    /// <summary>Drops the clock table: under another name.</summary>
    public static void DropClockTable(Connection connection, string clock)
    {
        using (Statement exists = connection.Prepare("SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE"))
        {
            exists.Bind(1, clock);
            if (!exists.Step())
            {
                return;
            }
        }

        Unlocked(connection, () =>
        {
            connection.Execute($"UPDATE main.sqlite_master SET sql = 'CREATE TABLE {Dropped}' || substr(sql, instr(sql, '('))"
                + $" WHERE type = 'table' AND name = {Connection.Literal(clock)} COLLATE NOCASE");
            connection.Execute($"UPDATE main.sqlite_master SET name = replace(lower(name), lower({Connection.Literal(clock)}), '{Dropped}'),"
                + $" tbl_name = '{Dropped}' WHERE tbl_name = {Connection.Literal(clock)} COLLATE NOCASE");
        });

        // A rollback over DDL makes every version of SQLite read the schema again; PRAGMA writable_schema = RESET is too young.
        connection.Execute($"SAVEPOINT {Dropped}; CREATE TABLE main.chunksync_reload(x); ROLLBACK TO {Dropped}; RELEASE {Dropped}");
        connection.Execute($"DROP TABLE main.{Dropped}");
    }

    /// <summary>Runs something with a writable schema.</summary>
    private static void Unlocked(Connection connection, Action body)
    {
        bool before = IsWritable(connection);
        connection.Execute("PRAGMA writable_schema = ON");
        try
        {
            if (!IsWritable(connection))
            {
                throw Errors.Refused("a table named sqlite cannot be tracked on this connection: SQLite reserves the name of"
                    + " its sync metadata, and the connection is in defensive mode");
            }

            body();
        }
        finally
        {
            connection.Execute("PRAGMA writable_schema = " + (before ? "ON" : "OFF"));
        }
    }

    private static bool IsWritable(Connection connection)
    {
        using Statement pragma = connection.Prepare("PRAGMA writable_schema");
        return pragma.Step() && pragma.Int64(0) != 0;
    }
}
