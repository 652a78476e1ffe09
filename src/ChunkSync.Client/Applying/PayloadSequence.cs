using SQLitePCL;

namespace ChunkSync.Client;

/// <summary>Applies many payloads, each in a transaction of its own or all in one.</summary>
internal sealed class PayloadSequence(SyncDatabase database, ApplyAllOptions options)
{
    private readonly ProgressReporter progress = new(options.Progress, SyncPhase.Applying, options.TotalBytes, null);
    private long count;
    private long changes;
    private long bytes;

    /// <summary>The connection that has the one transaction for all; null without one.</summary>
    private sqlite3? begun;

    public async Task<ApplyAllResult> RunAsync(IAsyncEnumerable<ReadOnlyMemory<byte>> payloads, CancellationToken cancellation)
    {
        using PayloadWriter writer = new(database, options.MoveCheckpoint, cancellation);
        bool isDone = false;
        try
        {
            if (options.OneTransaction)
            {
                await BeginAsync(cancellation).ConfigureAwait(false);
            }

            await foreach (ReadOnlyMemory<byte> payload in payloads.WithCancellation(cancellation).ConfigureAwait(false))
            {
                cancellation.ThrowIfCancellationRequested();
                RequireTransaction();
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
                RequireTransaction();
                await CommitAsync(cancellation).ConfigureAwait(false);
                progress.Add(count, changes, bytes);
            }

            isDone = true;
        }
        finally
        {
            if (!isDone)
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
                begun = use.Handle;
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

    /// <summary>Whoever gives the payloads can do anything between two of them: what comes after the end of the transaction would not be all or nothing.</summary>
    private void RequireTransaction()
    {
        if (begun == null)
        {
            return;
        }

        using ConnectionUse use = database.Use();
        if (!ReferenceEquals(use.Handle, begun) || raw.sqlite3_get_autocommit(begun) != 0)
        {
            throw new InvalidOperationException(
                "the transaction for all payloads was ended, or its connection closed, while the next payload was being fetched: that one is not applied");
        }
    }

    /// <summary>Undoes everything, on the connection that began it: where somebody has closed it meanwhile, a pool has it, and its next owner would write into
    /// a transaction that nobody commits. SQLite has done so by itself after some failures.</summary>
    private void Rollback()
    {
        if (begun is not { IsClosed: false } || raw.sqlite3_get_autocommit(begun) != 0)
        {
            return;
        }

        using ConnectionUse use = new(begun);
        Run(begun, "ROLLBACK");
    }

    private static void Run(sqlite3 handle, string sql)
    {
        using SyncStatement statement = new(handle, sql, isOfEngine: false);
        statement.Step();
    }
}
