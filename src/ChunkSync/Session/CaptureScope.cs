namespace ChunkSync.Session;

/// <summary>While it is open the engine itself writes clock rows: a trigger that gets here again is a recursion.</summary>
internal readonly struct CaptureScope : IDisposable
{
    private readonly SyncSession session;
    private readonly bool wasCapturing;

    public CaptureScope(SyncSession session)
    {
        this.session = session;
        wasCapturing = session.IsCapturing;
        session.IsCapturing = true;
    }

    public void Dispose() => session.IsCapturing = wasCapturing;
}
