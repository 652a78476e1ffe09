using ChunkSync.Diagnostics;
using ChunkSync.Keys;
using ChunkSync.Merge;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Diagnostics;

/// <summary>The table <c>cloudsync_applied</c>: the rows that this connection's last apply, receive or load changed.
/// <code>
/// SELECT tbl, key, kind, columns FROM cloudsync_applied;
/// </code>
/// One row per row. A last one of kind <c>more</c> says that n writes are not among them: whoever shows tables reads them anew then. A call in the
/// middle of a scan ends it. No idxNum.</summary>
internal sealed unsafe class AppliedTable(Engine engine) : VirtualTable
{
    private const int EstimatedRows = 1000;

    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new(
        "cloudsync_applied", Writable: false, Transactional: false, state => new AppliedTable((Engine)state))
    {
        InSchema = SchemaUse.Trusted,
        Summary = "The rows that this connection's last apply, receive or load changed; kind is insert, update, delete, or more for n writes that"
            + " are not listed.",
        Example = "SELECT tbl, key, kind, columns, n FROM cloudsync_applied",
    };

    public override string Declaration => "CREATE TABLE x(tbl TEXT, pk BLOB, key TEXT, kind TEXT, columns TEXT, n INTEGER)";

    public override int BestIndex(IndexInfo* plan)
    {
        plan->EstimatedCost = EstimatedRows;
        plan->EstimatedRows = EstimatedRows;
        return ResultCode.Ok;
    }

    public override VirtualCursor Open() => new Cursor(engine.MergeWatch.Applied);

    private sealed class Cursor(AppliedRows rows) : VirtualCursor
    {
        private long at;
        private long number;
        private long generation;
        private bool ended;

        /// <summary>Whether the row is the one about what is not listed.</summary>
        private bool IsRest => at < 0;

        public override bool Eof => ended || generation != rows.Generation;

        public override long RowId => number;

        public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
        {
            generation = rows.Generation;
            number = 1;
            at = rows.Find(0);
            ended = IsRest && rows.Missed == 0;
        }

        public override void Next()
        {
            number++;
            if (IsRest)
            {
                ended = true;
                return;
            }

            at = rows.Find(rows.Behind(at));
            ended = IsRest && rows.Missed == 0;
        }

        public override void Column(nint context, int column)
        {
            switch (column)
            {
                case 0 when !IsRest:
                    Result.Text(context, rows.TableAt(at));
                    break;
                case 1 when !IsRest:
                    Result.Blob(context, rows.KeyAt(at).Span);
                    break;
                case 2 when !IsRest:
                    Result.Text(context, KeyText.Describe(rows.KeyAt(at)));
                    break;
                case 3:
                    Result.Text(context, IsRest ? "more"u8 : NameOf(rows.EffectAt(at)));
                    break;
                case 4 when !IsRest:
                    Result.Text(context, rows.ColumnsAt(at));
                    break;
                case 5:
                    Result.Int64(context, IsRest ? rows.Missed : rows.WritesAt(at));
                    break;
                default:
                    Result.Null(context);
                    break;
            }
        }

        private static ReadOnlySpan<byte> NameOf(RowEffect effect) => effect switch
        {
            RowEffect.Insert => "insert"u8,
            RowEffect.Update => "update"u8,
            _ => "delete"u8,
        };
    }
}
