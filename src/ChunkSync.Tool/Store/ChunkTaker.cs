using System.Runtime.CompilerServices;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>Takes chunks into a database, or only checks them.</summary>
/// <param name="file">The database.</param>
/// <param name="source">Where they come from.</param>
/// <param name="cancellation">Ends it; what a chunk has begun is undone.</param>
internal sealed class ChunkTaker(DatabaseFile file, IChunkSource source, CancellationToken cancellation)
{
    private string current = file.Path;

    /// <summary>Applies the payloads, each in a transaction of its own or all in one.</summary>
    /// <exception cref="ToolException">One is refused, or cannot be read; those before it stay, unless all are one transaction.</exception>
    public Task<TakenChunks> ApplyAsync(bool oneTransaction, bool moveCheckpoint, IProgress<SyncProgress> progress) => NamedAsync(async () =>
    {
        ApplyAllOptions options = new() { OneTransaction = oneTransaction, MoveCheckpoint = moveCheckpoint, Progress = progress, TotalBytes = source.TotalBytes };
        ApplyAllResult done = await file.Sync.ApplyAllAsync(PayloadsAsync(cancellation), options, cancellation);
        return new TakenChunks(done.Payloads, done.Changes, done.Bytes);
    });

    /// <summary>Receives the chunks, which records how far the sender's stream has come; all in one transaction or each in its own.</summary>
    /// <exception cref="ToolException">One is refused, cannot be read, or its place is not known; those before it stay, unless all are one transaction.</exception>
    public Task<TakenChunks> ReceiveAsync(bool oneTransaction, IProgress<SyncProgress> progress) => NamedAsync(async () =>
    {
        TransferProgress done = new(progress, source.TotalBytes);
        if (oneTransaction)
        {
            file.Run("BEGIN IMMEDIATE");
            file.Run("PRAGMA defer_foreign_keys = ON");
        }

        // A failure ends the program, and the open transaction with its connection.
        await foreach (SourceChunk chunk in source.ReadAsync(cancellation))
        {
            current = chunk.Name;
            ChunkEnvelope envelope = chunk.Envelope
                ?? throw new ToolException(ExitCode.Usage, chunk.Name, "a payload alone says nothing of its place in a stream", "leave --receive out, or give envelopes or an export");
            ReceiveResult received = await file.Sync.ReceiveAsync(envelope, cancellation);
            done.Add(received.Changes, envelope.Payload.Length);
        }

        current = file.Path;
        if (oneTransaction)
        {
            file.Run("COMMIT");
        }

        done.End();
        return new TakenChunks(done.Chunks, done.Changes, done.Bytes);
    });

    /// <summary>Looks whether the chunks are what was sent, and changes nothing.</summary>
    /// <exception cref="ToolException">One is not, or cannot be read.</exception>
    public Task<TakenChunks> CheckAsync(IProgress<SyncProgress> progress) => NamedAsync(async () =>
    {
        TransferProgress done = new(progress, source.TotalBytes);
        await foreach (ReadOnlyMemory<byte> payload in PayloadsAsync(cancellation))
        {
            try
            {
                done.Add(file.Number("SELECT count(*) FROM cloudsync_payload_rows(?1)", payload.ToArray()), payload.Length);
            }
            catch (ToolException failure) when (failure.Code == ExitCode.Database)
            {
                throw new ToolException(ExitCode.Refused, current, failure.Cause, "get it again from who sent it");
            }
        }

        done.End();
        return new TakenChunks(done.Chunks, done.Changes, done.Bytes);
    });

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> PayloadsAsync([EnumeratorCancellation] CancellationToken token)
    {
        await foreach (SourceChunk chunk in source.ReadAsync(token))
        {
            current = chunk.Name;
            if (!chunk.Payload.IsEmpty)
            {
                yield return chunk.Payload;
            }
        }

        current = file.Path;
    }

    /// <summary>Says of a failure which chunk it is about; what cannot be taken as an argument is what the chunk says of itself.</summary>
    private async Task<TakenChunks> NamedAsync(Func<Task<TakenChunks>> take)
    {
        try
        {
            return await take();
        }
        catch (ChunkSyncException failure) when (failure.Kind is ChunkSyncErrorKind.InvalidArgument or ChunkSyncErrorKind.InvalidCursor)
        {
            throw new ToolException(ExitCode.Refused, current, failure.Message, "get it again from who sent it");
        }
        catch (ChunkSyncException failure) when (failure.Kind is ChunkSyncErrorKind.InvalidPayload or ChunkSyncErrorKind.UnknownSchema or ChunkSyncErrorKind.RowRefused)
        {
            throw Failures.Of(failure, cancellation, current)!;
        }
        catch (ChunkSyncException failure)
        {
            throw Failures.Of(failure, cancellation, file.Path)!;
        }
    }
}
