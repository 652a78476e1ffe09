using System.Text;
using ChunkSync.Diagnostics;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Diagnostics;

/// <summary>The table <c>cloudsync_conflicts</c>: the conflict log, newest first, with readable keys.
/// <code>
/// SELECT tbl, key, col_name, kind, lost_value FROM cloudsync_conflicts LIMIT 20;
/// </code>
/// No idxNum. Empty where nothing was ever logged.</summary>
internal sealed unsafe class ConflictsTable(Engine engine) : VirtualTable
{
    private const int EstimatedRows = 1000;
    private const int Key = 4;
    private const int Pk = 3;
    private const string Columns = "id, at, tbl, pk, key, col_name, kind, certain, lost_value, lost_bytes, lost_version, lost_site, lost_cl, won_version,"
        + " won_site, won_cl, db_version, seq";

    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new(
        "cloudsync_conflicts", Writable: false, Transactional: false, state => new ConflictsTable((Engine)state))
    {
        InSchema = SchemaUse.Trusted,
        Summary = "What lost when changes of others were merged, newest first, where the setting conflict_log says how many rows are kept.",
        Example = "SELECT at, tbl, key, col_name, kind, certain, lost_value FROM cloudsync_conflicts",
    };

    public override string Declaration => $"CREATE TABLE x({Columns})";

    public override int BestIndex(IndexInfo* plan)
    {
        plan->EstimatedCost = EstimatedRows;
        plan->EstimatedRows = EstimatedRows;
        return ResultCode.Ok;
    }

    public override VirtualCursor Open() => new Cursor(engine);

    private sealed class Cursor(Engine engine) : VirtualCursor
    {
        private Statement? rows;
        private bool ended = true;

        public override bool Eof => ended;

        public override long RowId => rows!.Int64(0);

        public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
        {
            ended = true;
            if (!engine.MergeWatch.Log.Exist)
            {
                return;
            }

            rows ??= engine.Connection.Prepare(
                $"SELECT {Columns.Replace(" key,", " NULL,", StringComparison.Ordinal)} FROM {ConflictLog.QualifiedName} ORDER BY id DESC");
            rows.Reset();
            ended = !rows.Step();
        }

        public override void Next() => ended = !rows!.Step();

        public override void Column(nint context, int column)
        {
            if (column != Key)
            {
                Sqlite3.Api->result_value(context, rows!.ColumnValue(column).Handle);
                return;
            }

            ReadOnlySpan<byte> key = rows!.Blob(Pk);
            Result.Text(context, Encoding.UTF8.GetBytes(KeyText.Describe(new Format.NativeBytes(StoredValue.Address(key), key.Length))));
        }

        public override void Close() => rows?.Dispose();
    }
}
