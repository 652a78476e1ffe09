namespace ChunkSync.Tool;

/// <summary>A part of an export's manifest: up to 64 chunks, and the part before it.</summary>
/// <param name="Previous">The name of the part before this one, also across generations; null for the first.</param>
/// <param name="Chunks">The chunks in order.</param>
internal sealed record ManifestPart(string? Previous, IReadOnlyList<ManifestChunk> Chunks)
{
    /// <summary>The chunks of every part but a window's last.</summary>
    public const int MaxChunks = 64;

    /// <summary>The longest one that is read.</summary>
    public const int MaxLength = 65_536;

    /// <summary>What is wrong with it; null where nothing is.</summary>
    public string? FindDefect()
    {
        if (Chunks.Count is 0 or > MaxChunks)
        {
            return $"it has {Chunks.Count} chunks, not 1 to {MaxChunks}";
        }

        for (int i = 0; i < Chunks.Count; i++)
        {
            if (Chunks[i] is not ManifestChunk chunk)
            {
                return $"chunk {i} is null";
            }

            string? defect = chunk.FindDefect();
            defect ??= i > 0 && Chunks[i - 1].IsFinal ? "it stands behind a final one" : null;
            defect ??= i > 0 && chunk.From != Chunks[i - 1].Next ? $"it begins at {chunk.From}, where the one before ends at {Chunks[i - 1].Next}" : null;
            if (defect != null)
            {
                return $"chunk {i}: {defect}";
            }
        }

        return null;
    }
}
