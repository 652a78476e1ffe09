using System.Runtime.CompilerServices;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>The chunks of an export: all of them, or those that a receiver lacks.</summary>
internal sealed class ExportSource : IChunkSource
{
    private readonly IChunkStore store;
    private readonly ExportReader reader;
    private readonly ExportChain chain;
    private readonly ChunkCursor from;
    private readonly IReadOnlyList<StreamGap>? gaps;
    private readonly bool goesOn;

    private ExportSource(IChunkStore store, ExportReader reader, ExportHead head, ExportChain chain, ChunkCursor from, IReadOnlyList<StreamGap>? gaps, bool goesOn)
    {
        (this.store, this.reader, this.chain, this.from, this.gaps, this.goesOn) = (store, reader, chain, from, gaps, goesOn);
        Head = head;
    }

    /// <summary>The export's head.</summary>
    public ExportHead Head { get; }

    /// <inheritdoc/>
    public long? TotalBytes => chain.Bytes;

    /// <summary>Looks at an export.</summary>
    /// <param name="store">Where it is.</param>
    /// <param name="head">Its head.</param>
    /// <param name="gaps">What the receiver lacks of the sender's stream: from where the first gap begins the export is read. Null for all of it.</param>
    /// <param name="goesOn">Whether the chunks behind one that is missing or changed are read as well, and its failure is told at the end: for who records gaps.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ToolException">It cannot be read, or is not what it should be.</exception>
    public static async Task<ExportSource> OpenAsync(IChunkStore store, ExportHead head, IReadOnlyList<StreamGap>? gaps, bool goesOn, CancellationToken cancellation)
    {
        ExportReader reader = new(store) { Began = head };
        ChunkCursor from = gaps switch { null => default, [] => ChunkCursor.Start, _ => gaps[0].From };
        ExportChain chain = head.End <= from ? new ExportChain() : await reader.ChainAsync(head, from, cancellation);
        return new ExportSource(store, reader, head, chain, from, gaps is [] ? null : gaps, goesOn);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<SourceChunk> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        SiteId sender = Head.Sender;
        ToolException? damage = null;
        await foreach (ManifestChunk chunk in reader.ChunksAsync(chain, from, cancellation))
        {
            if (gaps != null && !gaps.Any(gap => gap.From < chunk.Following && (gap.To == null || chunk.From < gap.To)))
            {
                continue;
            }

            ReadOnlyMemory<byte> payload;
            try
            {
                payload = chunk.Name == null ? default : await reader.PayloadAsync(chunk, cancellation);
            }
            catch (ToolException failure) when (goesOn && failure.Code == ExitCode.Refused)
            {
                damage ??= failure;
                continue;
            }

            yield return new SourceChunk(
                $"{store.Address}/{chunk.Name ?? StoreNames.Head}", payload, new ChunkEnvelope(sender, chunk.From, chunk.Next, chunk.IsFinal, payload, (uint)chunk.Rows));
        }

        if (damage != null)
        {
            throw damage;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
