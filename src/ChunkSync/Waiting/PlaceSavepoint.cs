using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Waiting;

/// <summary>The savepoint around rows that are written all or nothing, and what is counted beside it.</summary>
internal sealed class PlaceSavepoint(SyncSession session, WaitingStore store, RowTrial trial) : IDisposable
{
    private readonly Statement open = session.Connection.Prepare("SAVEPOINT chunksync_place");
    private readonly Statement release = session.Connection.Prepare("RELEASE chunksync_place");
    private readonly Statement undo = session.Connection.Prepare("ROLLBACK TO chunksync_place");

    /// <summary>What the session had written when it was opened.</summary>
    private int written;

    /// <summary>Opens it.</summary>
    public void Open()
    {
        store.Quota.WriteCollected();
        written = session.WrittenRows;
        open.Run();
    }

    /// <summary>Keeps what was written.</summary>
    public void Release() => release.Run();

    /// <summary>Undoes what was written, and ends it.</summary>
    public void Undo()
    {
        session.RollBackTo(undo, release);
        trial.Undone(written);
        store.Quota.DropCollected();
    }

    public void Dispose()
    {
        open.Dispose();
        release.Dispose();
        undo.Dispose();
    }
}
