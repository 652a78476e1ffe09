using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>The table that holds the clocks of a tracked table (behaviour E.3), with the text that sqlite-sync 1.1.4 gives it.</summary>
internal static class ClockTable
{
    /// <summary>The columns of the position index.</summary>
    public const string PositionColumns = "db_version, seq, pk, col_name, col_version, site_id";

    /// <summary>The suffix of the position index, which lets a scan seek to any (db_version, seq) and covers all that it reads.</summary>
    private const string PositionIndexSuffix = "_pos_idx";

    private const string Columns = "pk BLOB NOT NULL, col_name TEXT NOT NULL, col_version INTEGER, db_version INTEGER, site_id INTEGER DEFAULT 0,"
        + " seq INTEGER, PRIMARY KEY (pk, col_name)";

    /// <summary>The index of sqlite-sync's clock tables.</summary>
    private const string VersionColumns = "db_version";

    /// <summary>Creates a table's clock table and its indexes where they are missing.</summary>
    public static void Create(Connection connection, string table)
    {
        string clock = table + TrackedTable.ClockSuffix;
        if (ReservedName.Has(table))
        {
            ReservedName.CreateClockTable(connection, clock, Columns);
            return;
        }

        connection.Execute($"CREATE TABLE IF NOT EXISTS main.{TableText(clock)}");
        connection.Execute($"CREATE INDEX IF NOT EXISTS main.{IndexText(clock, clock + PositionIndexSuffix, PositionColumns)}");
    }

    /// <summary>Whether the text in <c>sqlite_master</c> is the one that this version and sqlite-sync give a clock table: it has all columns then.</summary>
    public static bool IsUsualTable(string clock, ReadOnlySpan<byte> sql) => IsText(sql, "CREATE TABLE ", TableText(clock));

    /// <summary>Whether the text in <c>sqlite_master</c> is that of the position index.</summary>
    public static bool IsUsualPositionIndex(string clock, string index, ReadOnlySpan<byte> sql) =>
        IsText(sql, "CREATE INDEX ", IndexText(clock, index, PositionColumns));

    /// <summary>Whether the text in <c>sqlite_master</c> is that of sqlite-sync's index.</summary>
    public static bool IsUsualVersionIndex(string clock, string index, ReadOnlySpan<byte> sql) =>
        IsText(sql, "CREATE INDEX ", IndexText(clock, index, VersionColumns));

    /// <summary>Drops everything a table's clocks are kept in.</summary>
    public static void Drop(Connection connection, string table)
    {
        string clock = table + TrackedTable.ClockSuffix;
        if (ReservedName.Has(table))
        {
            ReservedName.DropClockTable(connection, clock);
        }
        else
        {
            connection.Execute($"DROP TABLE IF EXISTS main.{Connection.Quote(clock)}");
        }

        if (HasBlocks(connection, table))
        {
            connection.Execute($"DROP TABLE main.{Connection.Quote(clock + TrackedTable.BlocksSuffix)}");
        }
    }

    /// <summary>Whether a table has a table of blocks. A user's table that only has its name is none.</summary>
    public static bool HasBlocks(Connection connection, string table) => connection.Integer(
        "SELECT count(*) = 3 AND sum(name IN ('pk', 'col_name', 'col_value')) = 3 FROM pragma_table_info("
        + Connection.Literal(table + TrackedTable.ClockSuffix + TrackedTable.BlocksSuffix) + ", 'main')") != 0;

    private static string TableText(string clock) => $"{Connection.Quote(clock)} ({Columns}) WITHOUT ROWID";

    private static string IndexText(string clock, string index, string columns) => $"{Connection.Quote(index)} ON {Connection.Quote(clock)} ({columns})";

    private static bool IsText(ReadOnlySpan<byte> sql, string create, string rest) =>
        sql.Length > create.Length && System.Text.Encoding.UTF8.GetString(sql) is string text
        && text.StartsWith(create, StringComparison.Ordinal) && text.AsSpan(create.Length).SequenceEqual(rest);
}
