using ChunkSync.Session;

namespace ChunkSync.Waiting;

/// <summary>The tables of what waits. They are made by the first change that waits; no name is one that sqlite-sync takes for its own.</summary>
internal static class WaitingTables
{
    /// <summary>The name of the table of changes.</summary>
    public const string ChangesName = "cloudsync_waiting_changes";

    /// <summary>The name of the table of rows.</summary>
    public const string RowsName = "cloudsync_waiting_rows";

    /// <summary>The name of the table of senders.</summary>
    public const string SitesName = "cloudsync_waiting_sites";

    /// <summary>The query of all rows that wait, as <c>cloudsync_waiting</c> shows them.</summary>
    public const string List = "SELECT r.tbl, r.pk, NULL, (SELECT group_concat(col_name, ',') FROM (SELECT c.col_name " + OfListed
        + " ORDER BY c.col_name)), r.reason, r.text, r.needs_tbl, r.needs_pk, r.tries, r.since, r.last_try, r.origin,"
        + $" (SELECT count(*) {OfListed}), r.bytes FROM main.{RowsName} AS r ORDER BY r.since, r.tbl, r.pk";

    private const string OfListed = $"FROM main.{ChangesName} AS c WHERE c.tbl = r.tbl AND c.pk = r.pk";

    /// <summary>One change per cell: the one that would win, with values and versions as they came. sender is who sent it, where that is not
    /// the row's origin.</summary>
    public static MetadataTable Changes { get; } = new(
        ChangesName, "(tbl TEXT NOT NULL COLLATE NOCASE, pk BLOB NOT NULL, col_name TEXT NOT NULL COLLATE NOCASE, col_value,"
        + " col_version INTEGER NOT NULL, db_version INTEGER NOT NULL, site_id BLOB NOT NULL, cl INTEGER NOT NULL, seq INTEGER NOT NULL,"
        + " sender BLOB, PRIMARY KEY(tbl, pk, col_name)) WITHOUT ROWID", IsOnDemand: true);

    /// <summary>One row per row that has changes waiting: why, and what it needs.</summary>
    public static MetadataTable Rows { get; } = new(
        RowsName, "(tbl TEXT NOT NULL COLLATE NOCASE, pk BLOB NOT NULL, reason TEXT NOT NULL, text TEXT, needs_tbl TEXT COLLATE NOCASE,"
        + " needs_pk BLOB, tries INTEGER NOT NULL, since INTEGER NOT NULL, last_try INTEGER NOT NULL, turn INTEGER NOT NULL,"
        + " origin BLOB NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY(tbl, pk)) WITHOUT ROWID", IsOnDemand: true);

    /// <summary>What each sender has waiting.</summary>
    public static MetadataTable Sites { get; } = new(
        SitesName, "(origin BLOB PRIMARY KEY, changes INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID", IsOnDemand: true);

    /// <summary>The indexes.</summary>
    public static IReadOnlyList<string> Indexes { get; } =
    [
        $"CREATE INDEX IF NOT EXISTS main.cloudsync_waiting_needs ON {RowsName}(needs_tbl, needs_pk)",
        $"CREATE INDEX IF NOT EXISTS main.cloudsync_waiting_turn ON {RowsName}(turn)",
    ];
}
