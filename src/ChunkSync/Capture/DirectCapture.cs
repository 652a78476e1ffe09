using ChunkSync.Catalog;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>A call of <c>cloudsync_insert</c>, <c>cloudsync_update</c> or <c>cloudsync_delete</c> that no trigger made, as sqlite-sync
/// allows it: for rows that were written while capture was off. It must be true of the table, and where no transaction is writing yet it
/// gets one, so that all clock rows come together and their db_version is taken.</summary>
internal sealed unsafe class DirectCapture : IDisposable
{
    private readonly SyncSession session;
    private readonly Savepoint? savepoint;
    private bool isComplete;

    public DirectCapture(SyncSession session)
    {
        this.session = session;
        if (session.Connection.IsWriting)
        {
            return;
        }

        savepoint = session.Savepoint("chunksync_capture");
        savepoint.Begin();
        try
        {
            session.Transaction.Join();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Keeps what was written.</summary>
    public void Complete()
    {
        savepoint?.Release();
        isComplete = true;
    }

    public void Dispose()
    {
        if (savepoint != null && !isComplete)
        {
            isComplete = true;
            savepoint.Undo();
            session.Invalidate();
        }
    }

    /// <summary>Refuses what is not true of the table: a clock of a row that is not there, or a deletion of one that is.</summary>
    /// <exception cref="EngineException">Names the function, the table and the key.</exception>
    public static void RequireRow(SyncSession session, TrackedTable table, KeyBuffer key, string function, bool exists)
    {
        using BaseRows rows = new(session.Connection, table);
        if (rows.Has(key) != exists)
        {
            throw new EngineException(ResultCode.Error, $"{function}: table {table.Name} {(exists ? "has no" : "still has the")} row with the key"
                + $" {KeyText.Describe(key.Data, checked((int)key.Length))}; triggers call this when a row has been written");
        }

        if (!exists && table.Algorithm == CrdtAlgorithm.GrowOnlySet)
        {
            throw new EngineException(ResultCode.Error, $"{function}: table {table.Name} is grow-only, its rows are not deleted");
        }
    }
}
