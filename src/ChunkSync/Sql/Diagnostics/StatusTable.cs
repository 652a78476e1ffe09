using ChunkSync.Diagnostics;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Diagnostics;

/// <summary>The table <c>cloudsync_status</c>: one row about this database and what this connection did last.
/// <code>
/// SELECT db_version, tables, waiting, gaps, last_apply_rows, last_error FROM cloudsync_status;
/// </code>
/// No idxNum: the row is read at the start of a scan.</summary>
internal sealed unsafe class StatusTable(Engine engine) : VirtualTable
{
    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new(
        "cloudsync_status", Writable: false, Transactional: false, state => new StatusTable((Engine)state))
    {
        InSchema = SchemaUse.Trusted,
        Summary = "One row: who and how this database is, what waits and what is missing, and what this connection's last apply, receive or load did.",
        Example = "SELECT db_version, tables, waiting, gaps, last_apply_rows, last_error FROM cloudsync_status",
    };

    public override string Declaration => $"CREATE TABLE x({SyncStatus.Columns})";

    public override int BestIndex(IndexInfo* plan)
    {
        plan->EstimatedCost = 1;
        plan->EstimatedRows = 1;
        return ResultCode.Ok;
    }

    public override VirtualCursor Open() => new Cursor(engine);

    private sealed class Cursor(Engine engine) : VirtualCursor
    {
        private object?[] row = [];
        private bool ended;

        public override bool Eof => ended;

        public override long RowId => 1;

        public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
        {
            row = engine.Status.Read();
            ended = false;
        }

        public override void Next() => ended = true;

        public override void Column(nint context, int column) => Result.Cell(context, row[column]);
    }
}
