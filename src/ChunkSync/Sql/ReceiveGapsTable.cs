using ChunkSync.Chunks;
using ChunkSync.Receive;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>The table <c>cloudsync_receive_gaps</c>: what is missing of each sender's stream.
/// <code>
/// SELECT site_id, from_db_version, from_seq, from_frag_offset, to_db_version FROM cloudsync_receive_gaps;
/// SELECT … FROM cloudsync_receive_gaps(?1);  -- of one sender
/// </code>
/// A row's from_* are resume_db_version, resume_seq, resume_frag_offset for <c>cloudsync_payload_chunks</c> at the sender, its
/// to_db_version is until_db_version. The last row of each sender has to_* NULL: what comes next. A sender that nothing was recorded of has
/// no rows. idxNum: bit 0 says that the hidden input is given.</summary>
internal sealed unsafe class ReceiveGapsTable(Engine engine) : VirtualTable
{
    public const string Name = "cloudsync_receive_gaps";

    private const int Site = 0;
    private const int FromDbVersion = 1;
    private const int FromSeq = 2;
    private const int FromFragOffset = 3;
    private const int ToDbVersion = 4;
    private const int ToSeq = 5;
    private const int ToFragOffset = 6;

    /// <summary>The hidden input: the argument of the table-valued function.</summary>
    private const int OnlySite = 7;
    private const int InputCount = 1;

    /// <summary>A few senders with a hole or two each. It is no dearer with all of them: they are read in one pass.</summary>
    private const int EstimatedRows = 10;

    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new(
        Name, Writable: false, Transactional: false, state => new ReceiveGapsTable((Engine)state))
    {
        InSchema = SchemaUse.Trusted,
        Arguments = InputCount,
        Summary = "What has not arrived of the streams that cloudsync_payload_receive records, of all senders or of the one whose site id is"
            + " given; the last row of each sender is the open end.",
        Example = "SELECT from_db_version, from_seq, from_frag_offset, to_db_version, to_seq, to_frag_offset FROM cloudsync_receive_gaps(?1)",
    };

    public override string Declaration =>
        "CREATE TABLE x(site_id BLOB, from_db_version INTEGER, from_seq INTEGER, from_frag_offset INTEGER, to_db_version INTEGER,"
        + " to_seq INTEGER, to_frag_offset INTEGER, only_site_id HIDDEN)";

    public override int BestIndex(IndexInfo* plan) => HiddenInputs.Plan(plan, OnlySite, InputCount, EstimatedRows, EstimatedRows);

    public override VirtualCursor Open() => new Scan(engine);

    /// <summary>One scan. All rows are read at its start: chunks may be received while it goes on.</summary>
    private sealed class Scan(Engine engine) : VirtualCursor
    {
        private List<StreamGap> gaps = [];
        private int row;

        public override bool Eof => row >= gaps.Count;

        public override long RowId => row + 1;

        public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
        {
            row = 0;
            Span<Value> inputs = stackalloc Value[InputCount];
            HiddenInputs.Read(indexNumber, arguments, inputs);
            gaps = engine.Receiver.Ranges.Gaps(inputs[0].IsGiven ? ReceiveRequest.ReadSite(inputs[0], Name) : default);
        }

        public override void Next() => row++;

        public override void Column(nint context, int column)
        {
            StreamGap gap = gaps[row];
            switch (column)
            {
                case Site or OnlySite:
                    // The input reads back as the sender: where a forced join order keeps it from being bound, SQLite compares it.
                    Result.Blob(context, gap.Site);
                    break;
                case FromDbVersion:
                    Result.Int64(context, gap.From.DbVersion);
                    break;
                case FromSeq:
                    Result.Int64(context, gap.From.Seq);
                    break;
                case FromFragOffset:
                    Result.Int64(context, gap.From.Offset);
                    break;
                case ToDbVersion when gap.To is ResumePoint end:
                    Result.Int64(context, end.DbVersion);
                    break;
                case ToSeq when gap.To is ResumePoint end:
                    Result.Int64(context, end.Seq);
                    break;
                case ToFragOffset when gap.To is ResumePoint end:
                    Result.Int64(context, end.Offset);
                    break;
                default:
                    Result.Null(context);
                    break;
            }
        }
    }
}
