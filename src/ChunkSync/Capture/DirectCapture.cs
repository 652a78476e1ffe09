using ChunkSync.Catalog;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>A call of <c>cloudsync_insert</c>, <c>cloudsync_update</c> or <c>cloudsync_delete</c> that no trigger made, as sqlite-sync
/// allows it: for rows that were written while capture was off. It must be true of the table, and where no transaction is writing yet it
/// gets one, so that all clock rows come together and their db_version is taken.</summary>
internal static unsafe class DirectCapture
{
    /// <summary>Opens the transaction; null where one writes already.</summary>
    public static TransactionScope? Begin(SyncSession session)
    {
        if (session.Connection.IsWriting)
        {
            return null;
        }

        TransactionScope scope = session.BeginTransaction("chunksync_capture");
        try
        {
            session.Transaction.Join();
            return scope;
        }
        catch
        {
            scope.Dispose();
            throw;
        }
    }

    /// <summary>Refuses what is not true of the table: a clock of a row that is not there, or a deletion of one that is.</summary>
    /// <exception cref="EngineException">Names the function, the table and the key.</exception>
    public static void RequireRow(SyncSession session, TrackedTable table, KeyBuffer key, string function, bool exists)
    {
        using BaseRows rows = new(session.Connection, table);
        if (rows.Has(key) != exists)
        {
            throw Errors.BadArgument(function, $"table {table.Name} {(exists ? "has no" : "still has the")} row with the key"
                + $" {KeyText.Describe(key.Native)}; triggers call this when a row has been written");
        }

        if (!exists && table.Algorithm == CrdtAlgorithm.GrowOnlySet)
        {
            throw Errors.BadArgument(function, $"table {table.Name} is grow-only, its rows are not deleted");
        }
    }
}
