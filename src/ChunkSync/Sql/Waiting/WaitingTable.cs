using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Waiting;

/// <summary>The table <c>cloudsync_waiting</c>: rows that have changes which could not be merged yet.
/// <code>
/// SELECT tbl, key, columns, reason, text, needs_tbl, origin, datetime(since, 'unixepoch') FROM cloudsync_waiting;
/// </code>
/// <c>needs_tbl</c> and <c>needs_pk</c> name the row that has to move first, where it is known. idxNum: 1 where rows are there at
/// all.</summary>
internal sealed unsafe class WaitingTable(Engine engine) : VirtualTable
{
    public const string Name = "cloudsync_waiting";

    private const int EstimatedRows = 1_000;

    /// <summary>The readable key, made of the column before it.</summary>
    private const int KeyColumn = 2;

    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new(
        Name, Writable: false, Transactional: false, state => new WaitingTable((Engine)state))
    {
        InSchema = SchemaUse.Trusted,
        Summary = "Rows that have received changes which could not be merged yet: why, and which row has to move first.",
        Example = "SELECT tbl, key, columns, reason, text, needs_tbl, tries FROM cloudsync_waiting",
    };

    public override string Declaration =>
        "CREATE TABLE x(tbl TEXT, pk BLOB, key TEXT, columns TEXT, reason TEXT, text TEXT, needs_tbl TEXT, needs_pk BLOB, tries INTEGER,"
        + " since INTEGER, last_try INTEGER, origin BLOB, changes INTEGER, bytes INTEGER)";

    public override int BestIndex(IndexInfo* plan)
    {
        plan->EstimatedCost = EstimatedRows;
        plan->EstimatedRows = EstimatedRows;
        return ResultCode.Ok;
    }

    public override VirtualCursor Open() => new Cursor(engine);

    private sealed class Cursor(Engine engine) : VirtualCursor
    {
        private readonly Statement changes = engine.Waiting.Store.OpenList();
        private Statement? places;
        private Statement? current;
        private long row;

        public override bool Eof => current == null;

        public override long RowId => row;

        public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
        {
            changes.Reset();
            row = 0;
            bool hasChanges = engine.Waiting.Store.IsThere();
            places?.Dispose();
            places = engine.WaitingActions.OpenPlaces();
            current = hasChanges ? changes : places;
            Step();
        }

        public override void Next()
        {
            row++;
            Step();
        }

        public override void Column(nint context, int column)
        {
            if (column == KeyColumn)
            {
                Result.Text(context, KeyText.Describe(current!.Blob(1)));
                return;
            }

            Sqlite3.Api->result_value(context, current!.ColumnValue(column).Handle);
        }

        public override void Close()
        {
            changes.Dispose();
            places?.Dispose();
        }

        /// <summary>Goes to the next row: behind the changes come the rows of trees.</summary>
        private void Step()
        {
            while (current != null && !current.Step())
            {
                current.Reset();
                current = current == changes ? places : null;
            }
        }
    }
}
