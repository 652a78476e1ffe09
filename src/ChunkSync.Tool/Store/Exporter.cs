using System.Text.Json;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>Writes a window into a store: chunks, then the part of the manifest that names them, then the head that covers the part. A run that was stopped goes on behind
/// what the head covers; what lies behind it is cut again, and gets the same names and bytes.</summary>
/// <param name="database">The sender.</param>
/// <param name="store">Where to.</param>
/// <param name="defaultChunkSize">The database's own size of chunks.</param>
internal sealed class Exporter(SyncDatabase database, IChunkStore store, int defaultChunkSize)
{
    private readonly List<ManifestChunk> pending = [];
    private long chunks;
    private long rows;
    private long bytes;

    /// <summary>Finishes the window that is there, or writes a new one behind it where something is new.</summary>
    /// <param name="request">What it shall hold.</param>
    /// <param name="progress">Gets the progress; null for nobody.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ToolException">The store cannot be written, or what is there does not fit.</exception>
    /// <exception cref="ChunkSyncException">Reading fails.</exception>
    public async Task<ExportResult> RunAsync(ExportRequest request, IProgress<SyncProgress>? progress, CancellationToken cancellation)
    {
        (ExportHead? old, ExportHead head) = await new ExportBegin(database, store, defaultChunkSize).ChooseAsync(request, cancellation);
        bool isResumed = old == head;
        if (isResumed && head.Complete)
        {
            return new ExportResult(head, 0, 0, 0, false);
        }

        ChunkSites sites = SitesText.TryParse(head.Sites, out ChunkSites read) ? read : ChunkSites.Own;
        ChunkWindow window = new(head.Cursor)
        {
            Sites = sites,
            Until = isResumed ? head.Until : UntilOf(request),
            MaxWindowBytes = head.MaxWindowBytes == 0 ? 0 : Math.Max(1, head.MaxWindowBytes - head.WindowBytes),
        };
        ReadOptions options = new() { MaxChunkSize = ChunkSizeSetting.Effective(head.ChunkSize), Progress = progress };
        if (request.WithTotals)
        {
            options = options with { Plan = await database.PlanAsync(window, options, cancellation) };
        }

        long bytesBefore = head.WindowBytes;
        await foreach (Chunk chunk in database.ReadAsync(window, options, cancellation))
        {
            await PutAsync(chunk, cancellation);
            head = head with { Until = chunk.Watermark, WindowBytes = head.MaxWindowBytes == 0 ? 0 : bytesBefore + chunk.WindowBytes };
            if (pending.Count == ManifestPart.MaxChunks || chunk.IsFinal)
            {
                head = await CoverAsync(head, cancellation);
            }
        }

        ExportHead? behind = request.Restart || isResumed ? null : old;
        head = await EndAsync(behind, head, isResumed, cancellation);
        return new ExportResult(head, chunks, rows, bytes, isResumed);
    }

    /// <summary>Ends a window without a final chunk: what was left of it has been written again since, or nothing was there.</summary>
    /// <param name="behind">The complete head behind which the window began; null where it is a first one.</param>
    /// <param name="head">The window's.</param>
    /// <param name="isResumed">Whether an earlier run began it.</param>
    /// <param name="cancellation">Ends it.</param>
    private async Task<ExportHead> EndAsync(ExportHead? behind, ExportHead head, bool isResumed, CancellationToken cancellation)
    {
        if (head.Complete)
        {
            return head;
        }

        if (isResumed || chunks > 0)
        {
            pending.Add(ManifestChunk.Nothing(pending.Count > 0 ? pending[^1].Next : head.Cursor, head.Until));
            return await CoverAsync(head, cancellation);
        }

        if (behind != null)
        {
            return behind;
        }

        head = head with { Complete = true, Until = head.Since };
        await WriteAsync(head, cancellation);
        return head;
    }

    private long? UntilOf(ExportRequest request)
    {
        // A version that does not exist yet would be promised to be whole.
        return request.Until is long until && until < database.DbVersion ? until : null;
    }

    private async Task PutAsync(Chunk chunk, CancellationToken cancellation)
    {
        string sha256 = StoreNames.Hash(chunk.Payload.Span);
        ManifestChunk entry = new(StoreNames.Chunk(chunk.From, sha256), chunk.From, chunk.Next, chunk.Rows, chunk.Payload.Length, sha256, chunk.IsFinal);
        await store.PutAsync(entry.Name!, chunk.Payload, cancellation);
        pending.Add(entry);
        chunks++;
        rows += entry.Rows;
        bytes += entry.Size;
    }

    /// <summary>Writes the part that names what was put, and the head that covers it.</summary>
    private async Task<ExportHead> CoverAsync(ExportHead head, CancellationToken cancellation)
    {
        PartPlace place = head.LastPart != null && StoreNames.TryReadPart(head.LastPart, out PartPlace last) && last.Generation == head.Generation
            ? last with { Number = last.Number + 1 }
            : new PartPlace(head.Generation, 1);
        byte[] part = JsonSerializer.SerializeToUtf8Bytes(new ManifestPart(head.LastPart, pending), StoreJson.Default.ManifestPart);
        string name = StoreNames.Part(place, StoreNames.Hash(part));
        await store.PutAsync(name, part, cancellation);
        head = head with { LastPart = name, Cursor = pending[^1].Next, Complete = pending[^1].IsFinal };
        await WriteAsync(head, cancellation);
        pending.Clear();
        return head;
    }

    private Task WriteAsync(ExportHead head, CancellationToken cancellation) => head.Site == database.Site.ToString()
        ? store.PutAsync(StoreNames.Head, JsonSerializer.SerializeToUtf8Bytes(head, StoreJson.Default.ExportHead), cancellation)
        : throw new ToolException(ExitCode.Refused, store.Address, $"the database got another site id than {head.Site} meanwhile", "run the command again");
}
