using ChunkSync.Receive;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>The tables that the engine keeps in a database (behaviour E.3), with the text that sqlite-sync 1.1.4 gives them.</summary>
internal static class MetadataSchema
{
    /// <summary>The tables that every synchronised database has.</summary>
    private static readonly string[] InternalTables =
    [
        "CREATE TABLE IF NOT EXISTS main.cloudsync_settings (key TEXT PRIMARY KEY NOT NULL COLLATE NOCASE, value TEXT)",
        "CREATE TABLE IF NOT EXISTS main.cloudsync_site_id (site_id BLOB UNIQUE NOT NULL)",
        "CREATE TABLE IF NOT EXISTS main.cloudsync_table_settings (tbl_name TEXT NOT NULL COLLATE NOCASE,"
            + " col_name TEXT NOT NULL COLLATE NOCASE, key TEXT, value TEXT, PRIMARY KEY(tbl_name,col_name,key))",
        "CREATE TABLE IF NOT EXISTS main.cloudsync_schema_versions (hash INTEGER PRIMARY KEY, seq INTEGER NOT NULL)",
        "CREATE TABLE IF NOT EXISTS main.cloudsync_payload_fragments (value_id TEXT NOT NULL, part_index INTEGER NOT NULL,"
            + " part_count INTEGER NOT NULL, total_size INTEGER NOT NULL, checksum TEXT NOT NULL,"
            + " created_at INTEGER NOT NULL DEFAULT (unixepoch()), tbl TEXT NOT NULL, pk BLOB NOT NULL, col_name TEXT NOT NULL,"
            + " col_version INTEGER NOT NULL, db_version INTEGER NOT NULL, site_id BLOB NOT NULL, cl INTEGER NOT NULL,"
            + " seq INTEGER NOT NULL, fragment BLOB NOT NULL, PRIMARY KEY(value_id, part_index)) WITHOUT ROWID",
    ];

    private static readonly string[] InternalNames =
    [
        "cloudsync_settings", "cloudsync_site_id", "cloudsync_table_settings", "cloudsync_schema_versions",
        "cloudsync_payload_fragments", ReceivedRanges.TableName,
    ];

    /// <summary>Whether all tables that every synchronised database has are there.</summary>
    public static bool IsComplete(Connection connection)
    {
        string names = string.Join(", ", InternalNames[..InternalTables.Length].Select(Connection.Literal));
        return Scalar(connection, $"SELECT count(*) FROM main.sqlite_master WHERE type = 'table' AND name IN ({names})") == InternalTables.Length;
    }

    /// <summary>The suffix of the position index, which lets a scan seek to any (db_version, seq) and covers all that it reads.</summary>
    public const string PositionIndexSuffix = "_pos_idx";

    /// <summary>The columns of the position index.</summary>
    public const string PositionColumns = "db_version, seq, pk, col_name, col_version, site_id";

    /// <summary>Creates what is missing; the local site and the settings of a new database too.</summary>
    public static void CreateInternal(SyncSession session)
    {
        Connection connection = session.Connection;
        long schemaVersion = Scalar(connection, "PRAGMA main.schema_version");
        CreateTables(connection);
        session.Sites.Forget();
        if (session.Sites.HasLocal)
        {
            return;
        }

        // Another implementation that dropped the internal tables left it: it is about a replica that is no more.
        connection.Execute("DROP TABLE IF EXISTS main." + ReceivedRanges.TableName);
        Span<byte> id = stackalloc byte[Uuid7.Length];
        Uuid7.Create(id);
        using (Statement insert = connection.Prepare("INSERT INTO main.cloudsync_site_id(rowid, site_id) VALUES (0, ?1)"))
        {
            insert.BindBlob(1, id);
            insert.Run();
        }

        session.Sites.Forget();
        session.Settings.Set(Settings.Version, ProductInfo.CompatibilityVersion);
        session.Settings.Set(Settings.SchemaVersion, schemaVersion);
    }

    /// <summary>Creates the tables that every synchronised database has, where they are missing.</summary>
    public static void CreateTables(Connection connection)
    {
        foreach (string sql in InternalTables)
        {
            // unixepoch() is younger than the oldest SQLite that is supported; a default of an older one is not parsed anew.
            connection.Execute(sql.Replace("(unixepoch())", UnixEpoch(), StringComparison.Ordinal));
        }
    }

    /// <summary>Creates a table's clock table and its indexes where they are missing.</summary>
    public static void CreateClockTable(Connection connection, string table)
    {
        string clock = table + TrackedTable.ClockSuffix;
        const string Columns = "pk BLOB NOT NULL, col_name TEXT NOT NULL, col_version INTEGER, db_version INTEGER, site_id INTEGER DEFAULT 0,"
            + " seq INTEGER, PRIMARY KEY (pk, col_name)";
        if (ReservedName.Has(table))
        {
            ReservedName.CreateClockTable(connection, clock, Columns);
            return;
        }

        connection.Execute($"CREATE TABLE IF NOT EXISTS main.{Connection.Quote(clock)} ({Columns}) WITHOUT ROWID");
        connection.Execute($"CREATE INDEX IF NOT EXISTS main.{Connection.Quote(clock + PositionIndexSuffix)} ON {Connection.Quote(clock)}"
            + $" ({PositionColumns})");
    }

    /// <summary>Drops everything a table's clocks are kept in.</summary>
    public static void DropClockTable(Connection connection, string table)
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
    public static bool HasBlocks(Connection connection, string table) => Scalar(connection,
        "SELECT count(*) = 3 AND sum(name IN ('pk', 'col_name', 'col_value')) = 3 FROM pragma_table_info("
        + Connection.Literal(table + TrackedTable.ClockSuffix + TrackedTable.BlocksSuffix) + ", 'main')") != 0;

    /// <summary>Whether a table is one of those that every synchronised database may have.</summary>
    public static bool IsInternal(string table) => InternalNames.Contains(table, StringComparer.OrdinalIgnoreCase);

    /// <summary>Drops the internal tables.</summary>
    public static void DropInternal(Connection connection)
    {
        foreach (string name in InternalNames)
        {
            connection.Execute("DROP TABLE IF EXISTS main." + name);
        }
    }

    private static string UnixEpoch() =>
        SqliteVersionHasUnixEpoch() ? "(unixepoch())" : "(CAST(strftime('%s', 'now') AS INTEGER))";

    private static unsafe bool SqliteVersionHasUnixEpoch()
    {
        const int FirstWithUnixEpoch = 3_038_000;
        return Sqlite3.Api->libversion_number() >= FirstWithUnixEpoch;
    }

    private static long Scalar(Connection connection, string sql)
    {
        using Statement statement = connection.Prepare(sql);
        return statement.Step() ? statement.Int64(0) : 0;
    }
}
