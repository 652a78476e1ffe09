using ChunkSync.Probe;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Probe;

/// <summary>The table <c>cloudsync_payload_probe_plan</c>: what a probe would do with each chunk, from its facts alone; no body is read.
/// <code>
/// SELECT decision, reason, count(*), sum(stored_size) FROM cloudsync_payload_probe_plan('staged', ?1) GROUP BY 1, 2;
/// </code>
/// idxNum: bits 0-2 say which input is given.</summary>
internal sealed unsafe class PayloadProbePlanTable(Connection connection) : VirtualTable
{
    public const string Name = "cloudsync_payload_probe_plan";

    private const int ChunkIndex = 0;
    private const int Decision = 1;
    private const int Reason = 2;
    private const int Rows = 3;
    private const int StoredSize = 4;
    private const int ExpandedSize = 5;
    private const int PayloadVersion = 6;
    private const int SchemaHash = 7;
    private const int IndexLevel = 8;
    private const int MinDbVersion = 9;
    private const int MinSeq = 10;
    private const int MaxDbVersion = 11;
    private const int MaxSeq = 12;
    private const int FirstInput = 13;
    private const int Source = 0;
    private const int Probes = 1;
    private const int Invert = 2;
    private const int InputCount = 3;

    /// <summary>As for the probe itself: its inputs come first.</summary>
    private const double Cost = 1e5;
    private const int EstimatedRows = 1000;

    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new(
        Name, Writable: false, Transactional: false, state => new PayloadProbePlanTable(((Engine)state).Session.Connection))
    {
        InSchema = SchemaUse.DirectOnly,
        Arguments = InputCount,
        Summary = "What a probe would do with each stored chunk, skip, open or pass, and why; reads no body.",
        Example = "SELECT decision, reason, count(*), sum(stored_size) FROM cloudsync_payload_probe_plan('staged',"
            + " (SELECT cloudsync_probe_set('table', 'items'))) GROUP BY decision, reason",
    };

    public override string Declaration =>
        "CREATE TABLE x(chunk_index INTEGER, decision TEXT, reason TEXT, rows INTEGER, stored_size INTEGER, expanded_size INTEGER,"
        + " payload_version INTEGER, schema_hash INTEGER, index_level INTEGER, min_db_version INTEGER, min_seq INTEGER, max_db_version INTEGER,"
        + " max_seq INTEGER, source HIDDEN, probes HIDDEN, invert HIDDEN)";

    public override int BestIndex(IndexInfo* plan) => HiddenInputs.Plan(plan, FirstInput, InputCount, Cost, EstimatedRows);

    public override VirtualCursor Open() => new Cursor(connection);

    private sealed class Cursor(Connection connection) : VirtualCursor
    {
        private IChunkSource? source;
        private ProbeSet? set;
        private ChunkWalkOrder? order;
        private ProbeCounters counters;
        private ChunkFacts facts;
        private ProbeDecision decision;
        private bool invert;

        public override bool Eof => source == null;

        public override long RowId => source!.Ordinal;

        public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
        {
            Close();
            Span<Value> inputs = stackalloc Value[InputCount];
            HiddenInputs.Read(indexNumber, arguments, inputs);
            string text = ProbeInputs.SourceText(inputs[Source], Name);
            invert = inputs[Invert].IsGiven && ProbeArguments.Integer(inputs[Invert], "invert", Name) != 0;
            set = ProbeArguments.Set(inputs[Probes], Name);
            try
            {
                source = ChunkSources.Open(connection, text);
            }
            catch (ProbeException failure)
            {
                Close();
                throw ProbeException.Named(failure, Name);
            }

            counters = default;
            order = new ChunkWalkOrder(source, set, new ProbeOptions());
            Next();
        }

        public override void Next()
        {
            bool moved = false;
            try
            {
                moved = order!.MoveNext(ref counters, out facts);
                if (moved)
                {
                    ProbeDecision found = ProbeDecision.Of(facts, set!);
                    decision = invert && facts.Header.Rows > 0 ? found.Invert() : found;
                }

                source!.Release();
            }
            catch (Exception failure) when (failure is DamagedChunkException or ProbeException)
            {
                throw ProbeException.Named(failure, Name);
            }
            finally
            {
                if (!moved)
                {
                    Close();
                }
            }
        }

        public override void Column(nint context, int column)
        {
            switch (column)
            {
                case Decision:
                    Result.Text(context, decision.Verdict switch { Verdict.None => "skip"u8, Verdict.All => "pass"u8, _ => "open"u8 });
                    break;
                case Reason:
                    Result.Text(context, decision.Reason);
                    break;
                case MinDbVersion or MinSeq or MaxDbVersion or MaxSeq when facts.Span == null:
                case >= FirstInput:
                    Result.Null(context);
                    break;
                default:
                    Result.Int64(context, Number(column));
                    break;
            }
        }

        private long Number(int column) => column switch
        {
            ChunkIndex => source!.Ordinal,
            Rows => facts.Header.Rows,
            StoredSize => facts.Length,
            ExpandedSize => facts.BodySize,
            PayloadVersion => facts.Header.Version,
            SchemaHash => (long)facts.Header.SchemaHash,
            IndexLevel => facts.Level,
            MinDbVersion => facts.Span!.Value.From.DbVersion,
            MinSeq => facts.Span!.Value.From.Seq,
            MaxDbVersion => facts.Span!.Value.To.DbVersion,
            MaxSeq => facts.Span!.Value.To.Seq,
            _ => throw Errors.NoColumn(Name, column),
        };

        public override void Close()
        {
            source?.Dispose();
            set?.Dispose();
            order?.Dispose();
            source = null;
            set = null;
            order = null;
        }
    }
}
