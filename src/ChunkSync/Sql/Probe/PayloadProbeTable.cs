using ChunkSync.Probe;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Probe;

/// <summary>The table <c>cloudsync_payload_probe</c>: the wanted changes out of stored chunks, as payloads.
/// <code>
/// SELECT payload, next_chunk_index, next_row, is_final FROM cloudsync_payload_probe('staged', ?1) LIMIT 1;
/// -- the next page
/// SELECT … FROM cloudsync_payload_probe('staged', ?1, ?2, ?3) LIMIT 1;   -- next_chunk_index, next_row
/// </code>
/// What comes out is applied with <c>cloudsync_payload_apply(payload, 0)</c>: a filtered payload must not move the checkpoint.
/// idxNum: bits 0-12 say which input is given (see <see cref="ProbeInputs"/>), bit <see cref="NeedsPayload"/> that payload or payload_size
/// is read; without it nothing is copied or compressed.</summary>
internal sealed unsafe class PayloadProbeTable(Connection connection) : VirtualTable
{
    public const string Name = "cloudsync_payload_probe";

    /// <summary>The bit of idxNum that asks for bodies.</summary>
    private const int NeedsPayload = 1 << 16;

    private const int Payload = 0;
    private const int ChunkIndex = 1;
    private const int PayloadSize = 2;
    private const int Rows = 3;
    private const int PassedThrough = 4;
    private const int NextChunkIndex = 5;
    private const int NextRow = 6;
    private const int IsFinal = 7;
    private const int ChunksSeen = 8;
    private const int ChunksOpened = 9;
    private const int ChunksPassed = 10;
    private const int BytesRead = 11;
    private const int Misses = 12;
    private const int Damaged = 13;
    private const int FirstInput = 14;

    /// <summary>A probe reads chunks: dear beside any table that gives it its inputs, so SQLite joins those first.</summary>
    private const double Cost = 1e6;
    private const int EstimatedRows = 100;

    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new(
        Name, Writable: false, Transactional: false, state => new PayloadProbeTable(((Engine)state).Session.Connection))
    {
        InSchema = SchemaUse.DirectOnly,
        Arguments = ProbeInputs.Count,
        Summary = "The changes of some rows, tables, sites or positions out of stored chunks, as payloads, resumable at every row. Apply them with"
            + " cloudsync_payload_apply(payload, 0).",
        Example = "SELECT payload, rows, next_chunk_index, next_row, is_final FROM cloudsync_payload_probe('staged',"
            + " (SELECT cloudsync_probe_set('table', 'items')))",
    };

    public override string Declaration =>
        "CREATE TABLE x(payload BLOB, chunk_index INTEGER, payload_size INTEGER, rows INTEGER, passed_through INTEGER,"
        + " next_chunk_index INTEGER, next_row INTEGER, is_final INTEGER, chunks_seen INTEGER, chunks_opened INTEGER, chunks_passed INTEGER,"
        + " bytes_read INTEGER, misses INTEGER, damaged INTEGER, " + ProbeInputs.Declaration + ")";

    public override int BestIndex(IndexInfo* plan)
    {
        if (!HiddenInputs.TryPlan(plan, FirstInput, ProbeInputs.Count, out int given))
        {
            return ResultCode.Constraint;
        }

        bool needsPayload = (plan->ColumnsUsed & ((1UL << Payload) | (1UL << PayloadSize))) != 0;
        plan->IndexNumber = given | (needsPayload ? NeedsPayload : 0);
        plan->EstimatedCost = Cost;
        plan->EstimatedRows = EstimatedRows;
        return ResultCode.Ok;
    }

    public override VirtualCursor Open() => new Cursor(connection);

    private sealed class Cursor(Connection connection) : VirtualCursor
    {
        private ProbeScan? scan;

        public override bool Eof => scan == null;

        public override long RowId => scan!.Current.Number;

        public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
        {
            Close();
            Span<Value> inputs = stackalloc Value[ProbeInputs.Count];
            HiddenInputs.Read(indexNumber, arguments, inputs);
            string source = ProbeInputs.SourceText(inputs[ProbeInputs.Source], Name);
            ProbeOptions options = ProbeInputs.Options(inputs, (indexNumber & NeedsPayload) != 0, Name);
            ProbeSet set = ProbeArguments.Set(inputs[ProbeInputs.Probes], Name);
            try
            {
                if (inputs[ProbeInputs.Keys].IsGiven)
                {
                    options = options with { Covered = new EntityKeyTable(connection, KeysName(inputs[ProbeInputs.Keys])).Find(set) };
                }

                scan = new ProbeScan(ChunkSources.Open(connection, source), set, options);
            }
            catch (ProbeException failure)
            {
                throw ProbeException.Named(failure, Name);
            }
            finally
            {
                if (scan == null)
                {
                    set.Dispose();
                    options.Covered?.Dispose();
                }
            }

            Next();
        }

        private static string KeysName(Value value) =>
            value.Type == StorageClass.Text ? value.String : throw new ProbeException("keys is not the name of a table");

        public override void Next()
        {
            bool moved = false;
            try
            {
                moved = scan!.MoveNext();
            }
            catch (Exception failure) when (failure is DamagedChunkException or ProbeException)
            {
                throw ProbeException.Named(failure, Name);
            }
            finally
            {
                // After an error or the end nothing stays open, however long the host keeps the statement.
                if (!moved)
                {
                    Close();
                }
            }
        }

        public override void Column(nint context, int column)
        {
            ProbePage page = scan!.Current;
            ProbeCounters counters = page.Counters;
            switch (column)
            {
                case Payload:
                    Result.Blob(context, page.Payload.Bytes);
                    break;
                case NextChunkIndex or NextRow when page.Next == null:
                case Misses when page.Misses == null:
                case >= FirstInput:
                    Result.Null(context);
                    break;
                default:
                    Result.Int64(context, column switch
                    {
                        ChunkIndex => page.Number,
                        PayloadSize => page.Payload.Length,
                        Rows => page.Rows,
                        PassedThrough => page.IsPassedThrough ? 1 : 0,
                        NextChunkIndex => page.Next!.Value.Chunk,
                        NextRow => page.Next!.Value.Row,
                        IsFinal => page.IsFinal ? 1 : 0,
                        ChunksSeen => counters.Seen,
                        ChunksOpened => counters.Opened,
                        ChunksPassed => counters.Passed,
                        BytesRead => counters.BytesRead,
                        Misses => page.Misses!.Value,
                        Damaged => counters.Damaged,
                        _ => throw Errors.NoColumn(Name, column),
                    });
                    break;
            }
        }

        public override void Close()
        {
            scan?.Dispose();
            scan = null;
        }
    }
}
