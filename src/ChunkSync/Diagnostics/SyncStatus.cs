using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Receive;
using ChunkSync.Session;
using ChunkSync.Sqlite;
using ChunkSync.Waiting;

namespace ChunkSync.Diagnostics;

/// <summary>How a database is, in one row: read by seeks and counters, whatever it holds.</summary>
internal sealed class SyncStatus
{
    private readonly SyncSession session;
    private readonly TableCatalog catalog;
    private readonly VersionClock clock;
    private readonly MergeWatch last;
    private readonly ReceivedRanges ranges;
    private readonly Statement tableExists;
    private readonly Statement sites;
    private readonly Statement parts;
    private readonly Statement waitingRows;
    private readonly Statement waitingSites;

    public SyncStatus(SyncSession session, TableCatalog catalog, VersionClock clock, MergeWatch last, ReceivedRanges ranges)
    {
        this.session = session;
        this.catalog = catalog;
        this.clock = clock;
        this.last = last;
        this.ranges = ranges;
        Connection connection = session.Connection;
        tableExists = connection.Prepare("SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = ?1");
        sites = connection.Prepare("SELECT max(rowid) + 1 FROM main.cloudsync_site_id");

        // From value to value: the parts themselves are long.
        parts = connection.Prepare(
            "WITH RECURSIVE ids(id) AS (SELECT min(value_id) FROM main.cloudsync_payload_fragments UNION ALL"
            + " SELECT (SELECT min(value_id) FROM main.cloudsync_payload_fragments WHERE value_id > id) FROM ids WHERE id IS NOT NULL)"
            + " SELECT count(id) FROM ids");
        waitingRows = connection.Prepare($"SELECT count(*), min(since) FROM main.{WaitingTables.RowsName}");
        waitingSites = connection.Prepare($"SELECT sum(changes), sum(bytes) FROM main.{WaitingTables.SitesName}");
    }

    /// <summary>The columns: names with what <see cref="Read"/> gives for them.</summary>
    public const string Columns = "site_id BLOB, db_version INTEGER, seq INTEGER, schema_hash INTEGER, tables INTEGER, sites INTEGER,"
        + " apply_refused TEXT, schema_check TEXT, waiting INTEGER, waiting_changes INTEGER, waiting_bytes INTEGER, waiting_oldest INTEGER,"
        + " fragments INTEGER, senders INTEGER, gaps INTEGER, check_dbversion INTEGER, check_seq INTEGER, send_dbversion INTEGER,"
        + " last_apply_at INTEGER, last_apply_rows INTEGER, last_apply_aside INTEGER, last_apply_waited INTEGER, last_error TEXT";

    /// <summary>The values in the order of <see cref="Columns"/>: long, string, byte[] or null. Of a database that was never initialised only
    /// what the connection knows.</summary>
    public object?[] Read()
    {
        if (!session.IsInitialized)
        {
            return [null, null, null, null, 0L, 0L, null, null, 0L, 0L, 0L, null, 0L, 0L, 0L, null, null, null, .. Last()];
        }

        Settings settings = session.Settings;
        long version = clock.Current;
        (long senders, long gaps) = ranges.Count();
        (long? groups, long? oldest) = Pair(WaitingTables.RowsName, waitingRows);
        (long? changes, long? bytes) = Pair(WaitingTables.SitesName, waitingSites);
        return
        [
            session.Sites.Local.ToArray(), version, Seq(version), catalog.Schema.CurrentHash(), (long)catalog.All.Count, Number(sites),
            settings.Text(Settings.ApplyRefused) ?? "wait", settings.MatchesNames(byDefault: true) ? "names" : "hash",
            (groups ?? 0) + RefusedPlaces(), changes ?? 0, bytes ?? 0, oldest, Number(parts), senders, gaps,
            settings.Integer(Settings.CheckDbVersion) ?? 0, settings.Integer(Settings.CheckSeq) ?? 0, settings.Integer(Settings.SendDbVersion) ?? 0,
            .. Last(),
        ];
    }

    /// <summary>Rows of tree tables that were refused their places; that a tree's table is gone is for <c>cloudsync_check</c> to say.</summary>
    private long RefusedPlaces()
    {
        long count = 0;
        foreach (TrackedTable table in catalog.All.Where(table => table.Tree != null && session.Connection.HasTable(table.Tree.DirtyTable)))
        {
            count += session.Connection.Integer($"SELECT count(*) FROM main.{Connection.Quote(table.Tree!.DirtyTable)} WHERE reason IS NOT NULL");
        }

        return count;
    }

    private object?[] Last() => [last.LastAt, last.LastRows, last.LastAside, last.LastWaited, last.LastError];

    /// <summary>The highest seq of a db_version; null when nothing has it.</summary>
    private long? Seq(long version)
    {
        long? highest = null;
        foreach (TrackedTable table in catalog.All)
        {
            if (table.NewestVersion() < version)
            {
                // A seek of a statement that is there: most tables have nothing of it.
                continue;
            }

            using Statement seq = session.Connection.Prepare(
                $"SELECT seq FROM {table.QuotedClock} WHERE db_version = ?1 ORDER BY db_version DESC, seq DESC LIMIT 1");
            seq.Bind(1, version);
            highest = seq.Step() && seq.Type(0) == StorageClass.Integer && !(seq.Int64(0) < highest) ? seq.Int64(0) : highest;
        }

        return highest;
    }

    private (long?, long?) Pair(string table, Statement statement)
    {
        tableExists.Bind(1, table);
        bool found = tableExists.Step();
        tableExists.Reset();
        if (!found)
        {
            return (null, null);
        }

        statement.Step();
        (long?, long?) pair = (statement.IsNull(0) ? null : statement.Int64(0), statement.IsNull(1) ? null : statement.Int64(1));
        statement.Reset();
        return pair;
    }

    private static long Number(Statement statement)
    {
        statement.Step();
        long number = statement.Int64(0);
        statement.Reset();
        return number;
    }
}
