using ChunkSync.Client;

namespace ChunkSync.Tool.Tests;

/// <summary>Progress as it is reported, at once.</summary>
internal sealed class ProgressList : IProgress<SyncProgress>
{
    public List<SyncProgress> All { get; } = [];

    public void Report(SyncProgress value) => All.Add(value);
}
