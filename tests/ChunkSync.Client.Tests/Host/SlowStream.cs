namespace ChunkSync.Client.Tests.Host;

/// <summary>A stream as networks are: every read and write waits, and a read gives one byte.</summary>
internal sealed class SlowStream : MemoryStream
{
    public override bool CanSeek => false;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Position % 20_000 == 0)
        {
            await Task.Delay(1, cancellationToken).ConfigureAwait(false);
        }

        cancellationToken.ThrowIfCancellationRequested();
        return base.Read(buffer.Span[..Math.Min(1, buffer.Length)]);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await Task.Delay(1, cancellationToken).ConfigureAwait(false);
        Write(buffer.Span);
    }
}
