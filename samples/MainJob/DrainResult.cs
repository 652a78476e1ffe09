namespace ChunkSync.Samples.MainJob;

/// <summary>All pages of a drain, and how long the drain and the full scan took.</summary>
internal sealed record DrainResult(List<Page> Pages, TimeSpan Drained, TimeSpan Scanned, int ScannedChunks);
