using ChunkSync.Changes;
using ChunkSync.Chunks;
using ChunkSync.Format;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>One scan of <c>cloudsync_payload_chunks</c>. A row's numbers are known when it is reached; its payload is finished
/// when it is asked for.</summary>
internal sealed unsafe class PayloadChunksCursor(Engine engine) : VirtualCursor
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
        Span<Value> inputs = stackalloc Value[ChunkColumns.InputCount];
        inputs.Clear();
        int argument = 0;
        for (int input = 0; input < ChunkColumns.InputCount; input++)
        {
            if ((indexNumber & (1 << input)) != 0)
            {
                inputs[input] = new Value(arguments[argument++]);
            }
        }

        query = ChunkQuery.Read(engine, inputs);
        schemaHash = (ulong)engine.Catalog.Schema.CurrentHash();
        stream = engine.Changes.Rent();
        cutter = new ChunkCutter(stream, body) { WithBody = (indexNumber & PayloadChunksTable.NeedsBody) != 0 };
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
            case ChunkColumns.Payload:
                FinishPayload();
                Result.OwnedBlob(context, payload, payloadLength);
                payload = null;
                break;
            case ChunkColumns.PayloadSize:
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
            case ChunkColumns.ChunkIndex:
                Result.Int64(context, index);
                break;
            case ChunkColumns.Rows:
                Result.Int64(context, chunk.Rows);
                break;
            case ChunkColumns.DbVersionMin:
                Result.Int64(context, chunk.DbVersionMin);
                break;
            case ChunkColumns.DbVersionMax:
                Result.Int64(context, chunk.DbVersionMax);
                break;
            case ChunkColumns.Watermark:
                Result.Int64(context, chunk.Watermark);
                break;
            case ChunkColumns.NextDbVersion:
                Result.Int64(context, chunk.Next.DbVersion);
                break;
            case ChunkColumns.NextSeq:
                Result.Int64(context, chunk.Next.Seq);
                break;
            case ChunkColumns.NextFragOffset:
                Result.Int64(context, chunk.Next.Offset);
                break;
            case ChunkColumns.IsFinal:
                Result.Int64(context, chunk.IsFinal ? 1 : 0);
                break;
            case ChunkColumns.WindowCapped:
                Result.Int64(context, chunk.WindowCapped ? 1 : 0);
                break;
            case ChunkColumns.WindowBytes:
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
        if (query.Resume is not Cursor resume)
        {
            stream!.Start(range);
            cutter!.Start(query.Watermark, query.WindowCap, query.WindowSpent);
            return;
        }

        ResumeMemory memory = engine.Resume;
        bool known = resume.Offset > 0 && memory.Knows(resume, range, engine.Session.Generation);
        if (known)
        {
            range.Start = ScanStart.Row;
            range.FromRow = memory.Row;
        }

        stream!.Start(range);
        cutter!.Start(query.Watermark, query.WindowCap, query.WindowSpent);
        if (known)
        {
            cutter.ResumeAt(resume, memory.Done, memory.Row, MaxChunkSize());
        }
        else
        {
            cutter.Resume(resume, MaxChunkSize());
        }
    }

    /// <summary>The chunk size, read anew for every chunk.</summary>
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
            engine.Resume.Store(chunk.Next, cutter.PositionOffset, stream!, query!.Range, engine.Session.Generation);
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
