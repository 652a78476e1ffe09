using ChunkSync.Frontier;
using ChunkSync.Sqlite;
using ChunkSync.Trees;

namespace ChunkSync.Sql.Trees;

/// <summary>The table <c>cloudsync_tree_status</c>: a row per tree.
/// <code>
/// SELECT tbl, pending, last_error FROM cloudsync_tree_status;
/// </code>
/// <c>frontier_lamport</c> and <c>frontier_site</c> are those of the smallest operation that is stored and not folded in; <c>scanned</c>, <c>written</c>
/// and <c>moved</c> are of this connection's last fold. No idxNum: all rows are read at the start of a scan.</summary>
internal sealed unsafe class TreeStatusTable(Engine engine) : VirtualTable
{
    private const int EstimatedRows = 4;

    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new("cloudsync_tree_status", Writable: false, Transactional: false, state => new TreeStatusTable((Engine)state))
    {
        InSchema = SchemaUse.Trusted,
        Summary = "The trees of a database: newest operation, what is pending, held or void, the last failure, and what this connection's last fold did.",
        Example = "SELECT tbl, pending, frontier_lamport, last_error FROM cloudsync_tree_status",
    };

    public override string Declaration =>
        "CREATE TABLE x(tbl TEXT, parent_col TEXT, pos_col TEXT, head_lamport INTEGER, head_site BLOB, pending INTEGER, frontier_lamport INTEGER,"
        + " frontier_site BLOB, held INTEGER, void INTEGER, parked INTEGER, floor INTEGER, next_lamport INTEGER, last_error TEXT, last_error_at INTEGER,"
        + " scanned INTEGER, written INTEGER, moved INTEGER)";

    public override int BestIndex(IndexInfo* plan)
    {
        plan->EstimatedCost = EstimatedRows;
        plan->EstimatedRows = EstimatedRows;
        return ResultCode.Ok;
    }

    public override VirtualCursor Open() => new Cursor(engine);

    private sealed class Cursor(Engine engine) : VirtualCursor
    {
        private readonly List<object?[]> rows = [];
        private int row;

        public override bool Eof => row >= rows.Count;

        public override long RowId => row + 1;

        public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
        {
            row = 0;
            rows.Clear();
            engine.Session.Refresh();
            rows.AddRange(engine.Trees.Folds.All.Select(Read));
        }

        public override void Next() => row++;

        public override void Column(nint context, int column) => Result.Cell(context, rows[row][column]);

        private object?[] Read(TreeTable tree)
        {
            TreeNames names = tree.Names;
            (long? floor, long voids, string? failure, long? failedAt) = engine.Catalog.Trees.State(tree.Name);
            FoldResult last = engine.Trees.Folds.Last(tree.Name);
            string held = $"lamport > {TreeLimits.Gap} + max(0, coalesce((SELECT max(lamport) FROM {names.Log}), 0))";
            using Statement read = engine.Connection.Prepare(
                $"""
                SELECT (SELECT lamport FROM {names.Log} ORDER BY lamport DESC, site DESC LIMIT 1), (SELECT site FROM {names.Log} ORDER BY lamport DESC, site DESC LIMIT 1),
                (SELECT count(*) FROM {names.Pending} WHERE NOT ({held})),
                (SELECT lamport FROM {names.Pending} WHERE NOT ({held}) ORDER BY lamport, site LIMIT 1),
                (SELECT site FROM {names.Pending} WHERE NOT ({held}) ORDER BY lamport, site LIMIT 1),
                (SELECT count(*) FROM {names.Pending} WHERE {held}), (SELECT count(*) FROM {names.Node} WHERE parked),
                {TreeTriggers.NextLamport(names.Carrier, names.Log)}
                """);
            read.Step();
            return
            [
                tree.Name, names.Registration.ParentColumn, names.Registration.PositionColumn, Cell(read, 0), Cell(read, 1), Cell(read, 2), Cell(read, 3), Cell(read, 4),
                Cell(read, 5), voids, Cell(read, 6), floor, Cell(read, 7), failure, failedAt, last.Scanned, last.Written, last.Moved,
            ];
        }

        private static object? Cell(Statement row, int column) => row.Type(column) switch
        {
            StorageClass.Null => null,
            StorageClass.Blob => row.Blob(column).ToArray(),
            _ => row.Int64(column),
        };
    }
}
