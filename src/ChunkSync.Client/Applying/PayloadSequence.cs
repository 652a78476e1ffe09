using SQLitePCL;

namespace ChunkSync.Client;

/// <summary>Applies many payloads, each in a transaction of its own or all in one.</summary>
internal sealed class PayloadSequence(SyncDatabase database, ApplyAllOptions options)
{
    private readonly ProgressReporter progress = new(options.Progress, SyncPhase.Applying, options.TotalBytes, null);
    private long count;
    private long changes;
    private long bytes;

    public async Task<ApplyAllResult> RunAsync(IAsyncEnumerable<ReadOnlyMemory<byte>> payloads, CancellationToken cancellation)
    {
        using PayloadWriter writer = new(database, options.MoveCheckpoint, cancellation);
        if (options.OneTransaction)
        {
            await BeginAsync(cancellation).ConfigureAwait(false);
        }

        bool isDone = false;
        try
        {
            await foreach (ReadOnlyMemory<byte> payload in payloads.WithCancellation(cancellation).ConfigureAwait(false))
            {
                cancellation.ThrowIfCancellationRequested();
                changes += await writer.ApplyAsync(payload).ConfigureAwait(false);
                count++;
                bytes += payload.Length;
                if (!options.OneTransaction)
                {
                    progress.Add(count, changes, bytes);
                }
            }

            if (options.OneTransaction)
            {
                await CommitAsync(cancellation).ConfigureAwait(false);
                progress.Add(count, changes, bytes);
            }

            isDone = true;
        }
        finally
        {
            if (!isDone && options.OneTransaction)
            {
                Rollback();
            }
        }

        progress.End();
        return new ApplyAllResult(count, changes, bytes, count == 0 ? 0 : database.CountWaiting());
    }

    private async Task BeginAsync(CancellationToken cancellation)
    {
        BusyWait busy = new(database.BusyTimeout);
        while (true)
        {
            try
            {
                using ConnectionUse use = database.Use();
                if (raw.sqlite3_get_autocommit(use.Handle) == 0)
                {
                    throw new InvalidOperationException(
                        "a transaction is open on this connection: the payloads are applied in it, leave ApplyAllOptions.OneTransaction out");
                }

                Run(use.Handle, "BEGIN IMMEDIATE");
                Run(use.Handle, "PRAGMA defer_foreign_keys = ON");
                return;
            }
            catch (ChunkSyncException failure) when (busy.CanWaitFor(failure))
            {
                await busy.WaitAsync(cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Commits. Readers can be in the way of it, and the transaction stays open while they are.</summary>
    private async Task CommitAsync(CancellationToken cancellation)
    {
        BusyWait busy = new(database.BusyTimeout);
        while (true)
        {
            try
            {
                using ConnectionUse use = database.Use();
                Run(use.Handle, "COMMIT");
                return;
            }
            catch (ChunkSyncException failure) when (busy.CanWaitFor(failure))
            {
                await busy.WaitAsync(cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Undoes everything. SQLite has done so by itself after some failures.</summary>
    private void Rollback()
    {
        using ConnectionUse use = database.Use();
        if (raw.sqlite3_get_autocommit(use.Handle) == 0)
        {
            Run(use.Handle, "ROLLBACK");
        }
    }

    private static void Run(sqlite3 handle, string sql)
    {
        using SyncStatement statement = new(handle, sql, isOfEngine: false);
        statement.Step();
    }
}
