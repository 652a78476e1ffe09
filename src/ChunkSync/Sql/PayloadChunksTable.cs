using ChunkSync.Changes;
using ChunkSync.Chunks;
using ChunkSync.Format;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>The table <c>cloudsync_payload_chunks</c>: the changes of a window as payload chunks, from any position.
/// <code>
/// SELECT payload, is_final, next_db_version, next_seq, next_frag_offset, watermark_db_version
/// FROM cloudsync_payload_chunks WHERE since_db_version = 0 LIMIT 1;
/// -- the next page, and so on until is_final is 1:
/// SELECT … FROM cloudsync_payload_chunks
/// WHERE resume_db_version = ?1 AND resume_seq = ?2 AND resume_frag_offset = ?3 AND until_db_version = ?4 LIMIT 1;
/// </code>
/// idxNum: bit i (0-9) says that input i (<see cref="InputColumns"/>) is given, values come in that order; bit
/// <see cref="NeedsBody"/> says that payload or payload_size is read, so that bodies are built. Without it nothing is copied or
/// compressed.</summary>
internal sealed unsafe class PayloadChunksTable(Engine engine) : VirtualTable
{
    public const string Name = "cloudsync_payload_chunks";

    private const int Payload = 0;
    private const int ChunkIndex = 1;
    private const int PayloadSize = 2;
    private const int Rows = 3;
    private const int DbVersionMin = 4;
    private const int DbVersionMax = 5;
    private const int Watermark = 6;
    private const int NextDbVersion = 11;
    private const int NextSeq = 12;
    private const int NextFragOffset = 13;
    private const int IsFinal = 14;
    private const int WindowCapped = 18;
    private const int WindowBytes = 19;

    public const int InputSince = 0;
    public const int InputSite = 1;
    public const int InputUntil = 2;
    public const int InputExclude = 3;
    public const int InputResumeDbVersion = 4;
    public const int InputResumeSeq = 5;
    public const int InputResumeOffset = 6;
    public const int InputMaxWindowBytes = 7;
    public const int InputResumeWindowBytes = 8;
    public const int InputMaxChunkSize = 9;

    /// <summary>The number of hidden inputs.</summary>
    private const int InputCount = 10;

    /// <summary>The column number of each input.</summary>
    private static ReadOnlySpan<int> InputColumns => [7, 8, 9, 10, 15, 16, 17, 20, 21, 22];

    /// <summary>The bit of idxNum that asks for bodies.</summary>
    private const int NeedsBody = 1 << 16;

    /// <summary>One estimate for every scan, as in sqlite-sync: what is bound changes where a scan begins, not the rows a
    /// LIMIT 1 reads.</summary>
    private const int EstimatedRows = 10;

    private const ulong BodyColumns = (1UL << Payload) | (1UL << PayloadSize);

    /// <summary>How SQLite registers it.</summary>
    public static ModuleDefinition Definition { get; } = new(
        Name, Writable: false, Transactional: false, state => new PayloadChunksTable((Engine)state))
    {
        InSchema = SchemaUse.Trusted,
        Arguments = InputCount,
        Summary = "The changes of a window as payload chunks of bounded size, resumable at every chunk's next_* position.",
        Example = "SELECT payload, next_db_version, next_seq, next_frag_offset, is_final FROM cloudsync_payload_chunks"
            + " WHERE since_db_version = 0",
    };

    public override string Declaration =>
        "CREATE TABLE x(payload BLOB, chunk_index INTEGER, payload_size INTEGER, rows INTEGER, db_version_min INTEGER,"
        + " db_version_max INTEGER, watermark_db_version INTEGER, since_db_version HIDDEN, site_id HIDDEN, until_db_version HIDDEN,"
        + " exclude_filter_site_id HIDDEN, next_db_version INTEGER, next_seq INTEGER, next_frag_offset INTEGER, is_final INTEGER,"
        + " resume_db_version HIDDEN, resume_seq HIDDEN, resume_frag_offset HIDDEN, window_capped INTEGER, window_bytes INTEGER,"
        + " max_window_bytes HIDDEN, resume_window_bytes HIDDEN, max_chunk_size HIDDEN)";

    public override int BestIndex(IndexInfo* plan)
    {
        if (!HiddenInputs.TryPlan(plan, InputColumns, out int given))
        {
            return ResultCode.Constraint;
        }

        plan->IndexNumber = given | ((plan->ColumnsUsed & BodyColumns) != 0 ? NeedsBody : 0);
        plan->EstimatedCost = EstimatedRows;
        plan->EstimatedRows = EstimatedRows;
        return ResultCode.Ok;
    }

    public override VirtualCursor Open() => new Scan(engine);

    /// <summary>One scan. A row's numbers are known when it is reached; its payload is finished when it is asked for.</summary>
    private sealed class Scan(Engine engine) : VirtualCursor
    {
        private readonly ChunkBody body = engine.SpareBody.Take();
        private ChangeStream? stream;
        private ChunkCutter? cutter;
        private ChunkQuery? query;
        private Chunk chunk;
        private bool hasChunk;
        private long index;
        private ulong schemaHash;

        /// <summary>The finished payload while it is ours; handed over to SQLite when it is read.</summary>
        private byte* payload;

        /// <summary>The finished payload's length; -1 before it is finished.</summary>
        private long payloadLength = -1;

        public override bool Eof => !hasChunk;

        public override long RowId => index + 1;

        public override void Filter(int indexNumber, byte* indexString, int count, nint* arguments)
        {
            Reset();
            RequireTables(engine);
            Span<Value> inputs = stackalloc Value[InputCount];
            HiddenInputs.Read(indexNumber, arguments, inputs);
            query = ChunkQuery.Read(engine, inputs);
            schemaHash = (ulong)engine.Catalog.Schema.CurrentHash();
            stream = engine.Changes.Rent();
            cutter = new ChunkCutter(stream, body) { WithBody = (indexNumber & NeedsBody) != 0 };
            Start();
            Cut();
        }

        public override void Next()
        {
            index++;
            Cut();
        }

        public override void Column(nint context, int column)
        {
            switch (column)
            {
                case Payload:
                    FinishPayload();
                    Result.OwnedBlob(context, payload, payloadLength);
                    payload = null;
                    break;
                case PayloadSize:
                    if (payloadLength < 0)
                    {
                        FinishPayload();
                    }

                    Result.Int64(context, payloadLength);
                    break;
                default:
                    Number(context, column);
                    break;
            }
        }

        public override void Close()
        {
            Reset();
            engine.SpareBody.Return(body);
        }

        /// <summary>The errors of reading changes where there are none to read (behaviour D.3, F.5).</summary>
        private static void RequireTables(Engine engine)
        {
            if (!engine.Session.IsInitialized)
            {
                throw SyncSession.NotInitialized("before querying cloudsync_payload_chunks.");
            }

            if (engine.Catalog.All.Count == 0)
            {
                throw ChangesTable.NoTables(engine);
            }
        }

        private void Number(nint context, int column)
        {
            switch (column)
            {
                case ChunkIndex:
                    Result.Int64(context, index);
                    break;
                case Rows:
                    Result.Int64(context, chunk.Rows);
                    break;
                case DbVersionMin:
                    Result.Int64(context, chunk.DbVersionMin);
                    break;
                case DbVersionMax:
                    Result.Int64(context, chunk.DbVersionMax);
                    break;
                case Watermark:
                    Result.Int64(context, chunk.Watermark);
                    break;
                case NextDbVersion:
                    Result.Int64(context, chunk.Next.DbVersion);
                    break;
                case NextSeq:
                    Result.Int64(context, chunk.Next.Seq);
                    break;
                case NextFragOffset:
                    Result.Int64(context, chunk.Next.Offset);
                    break;
                case IsFinal:
                    Result.Int64(context, chunk.IsFinal ? 1 : 0);
                    break;
                case WindowCapped:
                    Result.Int64(context, chunk.WindowCapped ? 1 : 0);
                    break;
                case WindowBytes:
                    Result.Int64(context, chunk.WindowBytes);
                    break;
                default:
                    Result.Null(context);
                    break;
            }
        }

        private void Start()
        {
            ScanRange range = query!.Range;
            if (query.Resume is not ResumePoint resume)
            {
                stream!.Start(range);
                cutter!.Start(query.Watermark, query.WindowCap, query.WindowSpent);
                return;
            }

            ResumeRow? known = resume.Offset > 0 ? engine.Resume.Find(resume, range) : null;
            if (known != null)
            {
                range.Start = ScanStart.Row;
                range.FromRow = known.Row;
            }

            stream!.Start(range);
            cutter!.Start(query.Watermark, query.WindowCap, query.WindowSpent);
            if (known != null)
            {
                cutter.ResumeAt(known, MaxChunkSize());
            }
            else
            {
                cutter.Resume(resume, MaxChunkSize());
            }
        }

        /// <summary>The chunk size, read again for every chunk.</summary>
        private long MaxChunkSize() =>
            ChunkLimits.Effective(query!.ChunkSize ?? engine.Session.Settings.Integer(Settings.PayloadMaxChunkSize));

        private void Cut()
        {
            Sqlite3.Free(payload);
            payload = null;
            payloadLength = -1;
            hasChunk = cutter!.TryCut(MaxChunkSize(), out chunk);
            if (hasChunk && cutter.IsInsidePosition)
            {
                engine.Resume.Store(chunk.Next, cutter.PositionOffset, stream!, query!.Range);
            }
        }

        /// <summary>Makes the payload of the current body: header, then the LZ4 block, or the body as it is where that is not
        /// smaller (format A.2).</summary>
        private void FinishPayload()
        {
            if (payload != null)
            {
                return;
            }

            int length = body.Length;
            byte* finished = Sqlite3.Allocate(ContainerHeader.Length + (long)Lz4.Bound(length));
            payload = finished;
            payloadLength = PayloadContainer.Finish(
                finished, body.Data, length, chunk.Version, ChangeRowCodec.Columns, (uint)chunk.Rows, schemaHash);
            payload = Sqlite3.Reallocate(finished, payloadLength);
        }

        private void Reset()
        {
            Sqlite3.Free(payload);
            payload = null;
            payloadLength = -1;
            cutter?.Dispose();
            cutter = null;
            if (stream != null)
            {
                engine.Changes.Return(stream);
                stream = null;
            }

            hasChunk = false;
            index = 0;
        }
    }
}
