using ChunkSync.Probe;

namespace ChunkSync.Tests.Probe;

/// <summary>A change row of a test: what probes look at, and its bytes.</summary>
internal sealed record NaiveRow(string Table, byte[] Key, Position Position, byte[] Site, byte[] Encoded);
