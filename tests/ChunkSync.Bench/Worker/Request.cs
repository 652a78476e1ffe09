namespace ChunkSync.Bench.Worker;

/// <summary>One operation for a worker process, sent as a line of JSON.</summary>
/// <param name="Operation">What to do: a name of <see cref="Operations"/>.</param>
/// <param name="Shape">The key of the shape.</param>
/// <param name="Path">The database that is made or read.</param>
/// <param name="ChunkSize">The chunk size of scans, drains and applies, in bytes.</param>
/// <param name="Variant">What the operation distinguishes: the capture of a fill, the order of an apply.</param>
internal sealed record Request(string Operation, string Shape, string Path, long ChunkSize = 5_242_880, string Variant = "");
