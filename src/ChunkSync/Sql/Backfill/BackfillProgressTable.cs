using ChunkSync.Backfill;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Backfill;

/// <summary>The table <c>cloudsync_backfill_progress</c>: how far fills in slices are.
/// <code>
/// SELECT tbl, state, rows_done, rows_total, position FROM cloudsync_backfill_progress;
/// </code>
/// <c>rows_done</c> counts rows visited, <c>rows_total</c> those that the table had at the beginning; <c>position</c> is the key of the last
/// row that is done as a JSON array. No idxNum: all rows are read at the start of a scan.</summary>
internal sealed unsafe class BackfillProgressTable(Engine engine) : VirtualTable
{
    private const int EstimatedRows = 10;

    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new(
        "cloudsync_backfill_progress", Writable: false, Transactional: false, state => new BackfillProgressTable((Engine)state))
    {
        InSchema = SchemaUse.Trusted,
        Summary = "How far cloudsync_backfill_step and _run are with each table: rows visited, the rows that there were, the key of the last one.",
        Example = "SELECT tbl, state, rows_done, rows_total, position FROM cloudsync_backfill_progress",
    };

    public override string Declaration =>
        "CREATE TABLE x(tbl TEXT, state TEXT, rows_done INTEGER, rows_total INTEGER, slices INTEGER, position TEXT,"
        + " first_db_version INTEGER, last_db_version INTEGER)";

    public override int BestIndex(IndexInfo* plan)
    {
        plan->EstimatedCost = EstimatedRows;
        plan->EstimatedRows = EstimatedRows;
        return ResultCode.Ok;
    }

    public override VirtualCursor Open() => new Cursor(engine);

    private sealed class Cursor(Engine engine) : VirtualCursor
    {
        private List<(FillState State, string? Position)> fills = [];
        private int row;

        public override bool Eof => row >= fills.Count;

        public override long RowId => row + 1;

        public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
        {
            row = 0;
            fills = engine.Fill.Progress();
        }

        public override void Next() => row++;

        public override void Column(nint context, int column)
        {
            (FillState state, string? position) = fills[row];
            switch (column)
            {
                case 0:
                    Result.Text(context, state.Table);
                    break;
                case 1:
                    Result.Text(context, state.IsDone ? "done"u8 : "filling"u8);
                    break;
                case 5 when position != null:
                    Result.Text(context, position);
                    break;
                default:
                    Number(context, column switch
                    {
                        2 => state.RowsDone,
                        3 => state.RowsTotal,
                        4 => state.Slices,
                        6 => state.FirstVersion,
                        7 => state.LastVersion,
                        _ => null,
                    });
                    break;
            }
        }

        private static void Number(nint context, long? value)
        {
            if (value is long number)
            {
                Result.Int64(context, number);
            }
            else
            {
                Result.Null(context);
            }
        }
    }
}
