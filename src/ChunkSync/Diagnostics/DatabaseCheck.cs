using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Receive;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Diagnostics;

/// <summary><c>cloudsync_check</c>: everything that can be found wrong with a database by reading it. What it costs depends on the schema;
/// deep checks read all rows.</summary>
internal sealed class DatabaseCheck(SyncSession session, TableCatalog catalog, VersionClock clock, CaptureWatch watch, GapTimes gaps)
{
    /// <summary>All checks, by id.</summary>
    public static IReadOnlyList<FindingCheck> All { get; } =
    [
        new ChangedTriggers(), new OpenAlterations(), new MissingPositionIndex(), new UncapturedColumns(), new LostClocks(), new GoneRows(),
        new RowsWithoutClocks(), new ChosenKeys(), new RequiredColumns(), new OldParts(), new LowVersion(), new SilentSites(), new OldGaps(),
        new DamagedFile(), new ImmediateReferences(), new TakenNames(), new UniqueIndexes(), new CollatedKeys(), new ReferenceActions(),
        new EchoingTriggers(), new RaisingTriggers(), new LostTriggers(), new ForeignOwnChanges(), new BookedNews(), new WaitingGroups(),
        new FullQuotas(), new SchemaDifferences(), new DeclaredClauses(), new Tombstones(), new DamagedMetadata(), new UnfinishedFills(), new PendingFolds(),
        new LateTriggers(),
    ];

    /// <summary>Looks at a database.</summary>
    /// <param name="onlyTable">The one table that is asked about; null for everything.</param>
    /// <param name="deep">Whether all rows are read.</param>
    public IReadOnlyList<Finding> Run(string? onlyTable, bool deep)
    {
        session.RefreshWhole();
        TrackedTable? only = onlyTable == null ? null : catalog.Find(onlyTable);
        if (onlyTable != null && only == null && catalog.StoredName(onlyTable) == null)
        {
            throw catalog.Damage.Unknown(onlyTable, ResultCode.Error, $"cloudsync_check: table '{onlyTable}' is not tracked here:"
                + $" call SELECT cloudsync_init('{onlyTable}') first, or leave the argument away");
        }

        TrackedTable[] tables = [.. catalog.All.Where(table => table.Columns.Length > 0 && (onlyTable == null || table == only))];
        CheckContext context = new(session, catalog, clock, watch, gaps, tables) { IsDeep = deep };
        bool isUsable = session.Sites.HasLocal;
        foreach (FindingCheck check in All)
        {
            if ((deep || !check.IsDeep) && (isUsable || check is DamagedMetadata or DamagedFile))
            {
                context.Run(check);
            }
        }

        return onlyTable == null ? context.Findings
            : [.. context.Findings.Where(finding => finding.Table == null ? finding.Id == DamagedMetadata.CheckId : finding.Table.Equals(onlyTable, StringComparison.OrdinalIgnoreCase))];
    }
}
