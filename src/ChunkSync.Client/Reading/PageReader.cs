using System.Buffers;
using System.Diagnostics;

namespace ChunkSync.Client;

/// <summary>Reads a window page by page: between two pages no statement runs, so that nobody waits for whoever takes the chunks. The payload of a page
/// is copied once, into a buffer that the next one uses again.</summary>
internal sealed class PageReader : IDisposable
{
    private static readonly string Sql = "SELECT payload, " + PageNumbers.Columns + PageNumbers.Source;

    private readonly ReadOptions options;
    private readonly Interruption interruption;
    private readonly ProgressReporter progress;
    private readonly long bytesBefore;
    private readonly Func<Chunk?> readPage;
    private PageInputs inputs;
    private SyncStatement? statement;
    private byte[] buffer = [];
    private int length;
    private long generation;
    private long rows;

    public PageReader(SyncDatabase database, PageInputs inputs, ReadOptions options, CancellationToken cancellation)
    {
        Database = database;
        this.inputs = inputs;
        this.options = options;
        bytesBefore = inputs.WindowBytes;
        readPage = Read;
        interruption = new Interruption(cancellation);
        progress = new ProgressReporter(options.Progress, SyncPhase.Reading, options.Plan?.Bytes, options.Plan?.Rows);
    }

    public SyncDatabase Database { get; }

    /// <summary>The bytes of the page that is there.</summary>
    public ReadOnlyMemory<byte> PayloadOf(long asked) => asked == generation && buffer.Length > 0
        ? buffer.AsMemory(0, length)
        : throw new InvalidOperationException("a chunk's payload is valid until the next chunk is asked for: copy it before");

    /// <summary>What goes on behind a chunk of this read.</summary>
    public ChunkBookmark BookmarkOf(Chunk chunk) => new(
        chunk.Next, chunk.Watermark, inputs.ChunkSize, chunk.WindowBytes, inputs.MaxWindowBytes, inputs.Sites, chunk.IsFinal);

    /// <summary>The next page; null where the window has no more.</summary>
    public async ValueTask<Chunk?> NextAsync()
    {
        BusyWait busy = new(Database.BusyTimeout);
        while (true)
        {
            try
            {
                Chunk? chunk = options.Offload ? await Task.Run(readPage, CancellationToken.None).ConfigureAwait(false) : Read();
                Report(chunk);
                return chunk;
            }
            catch (ChunkSyncException failure) when (busy.CanWaitFor(failure))
            {
                await busy.WaitAsync(interruption.Token).ConfigureAwait(false);
            }
        }
    }

    public void Dispose()
    {
        interruption.Dispose();
        statement?.Dispose();
        generation = -1;
        ArrayPool<byte>.Shared.Return(Interlocked.Exchange(ref buffer, []));
    }

    private void Report(Chunk? chunk)
    {
        if (chunk == null)
        {
            progress.End();
            return;
        }

        rows += chunk.Rows;
        progress.Add(chunk.Index + 1, rows, chunk.WindowBytes - bytesBefore);
        if (chunk.IsFinal)
        {
            progress.End();
        }
    }

    /// <summary>Reads one page on whatever thread.</summary>
    private Chunk? Read()
    {
        using ConnectionUse use = Database.Use();
        if (inputs.IsEmpty)
        {
            return null;
        }

        if (statement == null || !statement.IsOf(use.Handle))
        {
            statement?.Dispose();
            statement = new SyncStatement(use.Handle, Sql);
        }

        using Activity? activity = Instruments.Source.StartActivity("read.page");
        long started = Instruments.PageDuration.Enabled ? Stopwatch.GetTimestamp() : 0;
        inputs.Bind(statement);
        try
        {
            if (!statement.Step(interruption))
            {
                return null;
            }

            ReadOnlySpan<byte> payload = statement.Blob(0);
            PageNumbers numbers = PageNumbers.Read(statement, 1);
            Keep(payload);
            generation++;
            Chunk chunk = new(this, generation, inputs.From, numbers);
            inputs = inputs with { From = numbers.Next, Until = numbers.Watermark, WindowBytes = numbers.WindowBytes };
            Instruments.PageRead(activity, started, numbers, length);
            return chunk;
        }
        catch (ChunkSyncException failure)
        {
            Instruments.Failed(activity, failure);
            throw;
        }
        finally
        {
            statement.Reset();
        }
    }

    private void Keep(ReadOnlySpan<byte> payload)
    {
        if (buffer.Length < payload.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(payload.Length);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }

        payload.CopyTo(buffer);
        length = payload.Length;
    }
}
