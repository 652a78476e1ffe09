namespace ChunkSync.Tests.Merge;

/// <summary>A window of changes on its way: as payload for a database, and as rows for the naive model.</summary>
internal sealed record SentWindow(string Name, List<byte[]> Payloads, List<NaiveChange> Changes);
