using System.Diagnostics;

namespace ChunkSync.Client;

/// <summary>One call of <c>cloudsync_payload_receive</c>.</summary>
internal static class ChunkReceipt
{
    private const string Sql = "SELECT cloudsync_payload_receive(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

    /// <summary>Receives a chunk.</summary>
    /// <returns>The changes in it.</returns>
    public static long Run(SyncDatabase database, ChunkEnvelope envelope, Interruption interruption)
    {
        using ConnectionUse use = database.Use();
        using SyncStatement statement = new(use.Handle, Sql);
        using Activity? activity = Instruments.Source.StartActivity("receive");
        long started = Instruments.ApplyDuration.Enabled ? Stopwatch.GetTimestamp() : 0;
        Bind(statement, envelope);
        try
        {
            statement.Step(interruption);
            long rows = statement.Int64(0);
            Instruments.Applied(activity, started, rows, envelope.Payload.Length);
            activity?.SetTag("chunksync.is_final", envelope.IsFinal);
            return rows;
        }
        catch (ChunkSyncException failure)
        {
            Instruments.Failed(activity, failure);
            throw;
        }
    }

    private static void Bind(SyncStatement statement, ChunkEnvelope envelope)
    {
        // No payload: the sender found nothing there.
        if (!envelope.Payload.IsEmpty)
        {
            statement.Bind(1, envelope.Payload.Span);
        }

        statement.Bind(2, envelope.Sender);
        statement.Bind(3, envelope.From.DbVersion);
        statement.Bind(4, envelope.From.Seq);
        statement.Bind(5, envelope.From.Offset);
        statement.Bind(6, envelope.Next.DbVersion);
        statement.Bind(7, envelope.Next.Seq);
        statement.Bind(8, envelope.Next.Offset);
        statement.Bind(9, envelope.IsFinal ? 1 : 0);
    }
}
