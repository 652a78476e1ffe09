namespace ChunkSync.Client.Tests.Host;

/// <summary>Progress as it is reported, at once: <see cref="Progress{T}"/> posts it.</summary>
internal sealed class ProgressList : IProgress<SyncProgress>
{
    public List<SyncProgress> All { get; } = [];

    public Action<SyncProgress>? OnReport { get; set; }

    public void Report(SyncProgress value)
    {
        All.Add(value);
        OnReport?.Invoke(value);
    }
}
