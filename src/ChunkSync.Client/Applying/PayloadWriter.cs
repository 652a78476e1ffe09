using System.Diagnostics;

namespace ChunkSync.Client;

/// <summary>Applies payloads to one database with statements that are prepared once.</summary>
internal sealed class PayloadWriter(SyncDatabase database, bool movesCheckpoint, CancellationToken cancellation) : IDisposable
{
    private const string Sql = "SELECT cloudsync_payload_apply(?1, ?2)";

    private readonly Interruption interruption = new(cancellation);
    private SyncStatement? statement;

    /// <summary>Applies a payload, and waits while somebody else has the database locked.</summary>
    /// <param name="payload">The bytes.</param>
    /// <param name="waits">Whether it waits.</param>
    /// <returns>The changes in it.</returns>
    public async ValueTask<long> ApplyAsync(ReadOnlyMemory<byte> payload, bool waits = true)
    {
        BusyWait busy = new(waits ? database.BusyTimeout : TimeSpan.Zero);
        while (true)
        {
            try
            {
                return Apply(payload.Span);
            }
            catch (ChunkSyncException failure) when (busy.CanWaitFor(failure))
            {
                await busy.WaitAsync(cancellation).ConfigureAwait(false);
            }
        }
    }

    public void Dispose()
    {
        interruption.Dispose();
        statement?.Dispose();
    }

    private long Apply(ReadOnlySpan<byte> payload)
    {
        using ConnectionUse use = database.Use();
        if (statement == null || !statement.IsOf(use.Handle))
        {
            statement?.Dispose();
            statement = new SyncStatement(use.Handle, Sql);
        }

        using Activity? activity = Instruments.Source.StartActivity("apply");
        long started = Instruments.ApplyDuration.Enabled ? Stopwatch.GetTimestamp() : 0;
        statement.Bind(1, payload);
        statement.Bind(2, movesCheckpoint ? 1 : 0);
        try
        {
            statement.Step(interruption);
            long rows = statement.Int64(0);
            Instruments.Applied(activity, started, rows, payload.Length);
            return rows;
        }
        catch (ChunkSyncException failure)
        {
            Instruments.Failed(activity, failure);
            throw;
        }
        finally
        {
            statement.Reset();
            statement.Bind(1, (long?)null);
        }
    }
}
