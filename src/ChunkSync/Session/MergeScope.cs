namespace ChunkSync.Session;

/// <summary>While it is open a merge writes: capture is off (<c>cloudsync_is_sync</c> = 1) and cached metadata stays as it is.</summary>
internal readonly struct MergeScope : IDisposable
{
    private readonly SyncSession session;

    public MergeScope(SyncSession session)
    {
        this.session = session;
        session.MergeDepth++;
    }

    public void Dispose() => session.MergeDepth--;
}
