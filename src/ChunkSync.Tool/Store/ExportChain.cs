using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>The parts of an export that somebody reads, found from the last one back; only their names are kept.</summary>
internal sealed class ExportChain
{
    private readonly List<string> backwards = [];

    /// <summary>The names in order.</summary>
    public IEnumerable<string> Names => Enumerable.Reverse(backwards);

    /// <summary>Where the first part begins; null for a chain without parts.</summary>
    public ChunkCursor? Begin { get; private set; }

    /// <summary>The bytes of the payloads.</summary>
    public long Bytes { get; private set; }

    /// <summary>The number of chunks.</summary>
    public long Chunks { get; private set; }

    /// <summary>Puts a part before the others.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="part">The part.</param>
    /// <param name="from">From where on its chunks count.</param>
    public void Prepend(string name, ManifestPart part, ChunkCursor from)
    {
        backwards.Add(name);
        Begin = part.Chunks[0].From;
        foreach (ManifestChunk chunk in part.Chunks)
        {
            if (chunk.Following > from)
            {
                Chunks++;
                Bytes += chunk.Size;
            }
        }
    }
}
