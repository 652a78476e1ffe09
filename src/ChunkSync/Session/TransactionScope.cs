using ChunkSync.Sqlite;

namespace ChunkSync.Session;

/// <summary>A transaction of ours, or inside the caller's a savepoint, until it is closed: what was not completed by then is undone, and
/// cached metadata is read again.</summary>
internal sealed class TransactionScope : IDisposable
{
    private readonly SyncSession session;
    private readonly Savepoint savepoint;
    private bool isDone;

    public TransactionScope(SyncSession session, Savepoint savepoint)
    {
        this.session = session;
        this.savepoint = savepoint;
        savepoint.Begin();
    }

    /// <summary>Keeps what was written; commits when this is the transaction.</summary>
    public void Complete()
    {
        savepoint.Release();
        isDone = true;
    }

    /// <summary>Leaves the savepoint to others: it stays open, or has ended with one around it.</summary>
    public void Leave() => isDone = true;

    public void Dispose()
    {
        if (!isDone)
        {
            isDone = true;
            savepoint.Undo();
            session.Invalidate();
        }
    }
}
