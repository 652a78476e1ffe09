using System.Runtime.CompilerServices;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>The chunks of a file or of standard input: one payload, or envelopes one after the other.</summary>
/// <param name="name">What it is, for messages.</param>
/// <param name="open">Opens it.</param>
/// <param name="length">Its length; null where that is not known.</param>
internal sealed class StreamSource(string name, Func<Stream> open, long? length) : IChunkSource
{
    /// <summary>What every envelope begins with.</summary>
    private static ReadOnlySpan<byte> EnvelopeMark => "CSF1"u8;

    /// <inheritdoc/>
    public long? TotalBytes => length;

    /// <inheritdoc/>
    public async IAsyncEnumerable<SourceChunk> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await using Stream stream = await OpenAsync(cancellation);
        byte[] mark = new byte[EnvelopeMark.Length];
        int read = await ReadAsync(stream, mark, cancellation);
        using MemoryStream begin = new(mark, 0, read);
        if (!EnvelopeMark.SequenceEqual(mark.AsSpan(0, read)))
        {
            yield return new SourceChunk(name, await PayloadAsync(begin, stream, cancellation), null);
            yield break;
        }

        await using JoinedStream all = new(begin, stream);
        for (int number = 1; await EnvelopeAsync(all, number, cancellation) is ChunkEnvelope envelope; number++)
        {
            yield return new SourceChunk(Numbered(number), envelope.Payload, envelope);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private string Numbered(int number) => $"{name}, chunk {number}";

    private async Task<Stream> OpenAsync(CancellationToken cancellation)
    {
        try
        {
            return await NamedPipe.OpenAsync(open, cancellation);
        }
        catch (Exception failure) when (FileFailure.Is(failure))
        {
            throw FileFailure.Of(name, failure);
        }
    }

    private async Task<int> ReadAsync(Stream stream, byte[] buffer, CancellationToken cancellation)
    {
        try
        {
            // A read of a terminal or pipe cannot be cancelled: it is left behind.
            return await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation).AsTask().WaitAsync(cancellation);
        }
        catch (Exception failure) when (FileFailure.Is(failure))
        {
            throw FileFailure.Of(name, failure);
        }
    }

    private async Task<byte[]> PayloadAsync(MemoryStream begin, Stream rest, CancellationToken cancellation)
    {
        using MemoryStream payload = new();
        await begin.CopyToAsync(payload, cancellation);
        byte[] buffer = new byte[81_920];
        int read;
        do
        {
            read = await ReadAsync(rest, buffer, cancellation);
            payload.Write(buffer, 0, read);
        }
        while (read == buffer.Length && payload.Length <= PayloadFile.MaxLength && PayloadFile.CanBegin(payload.GetBuffer()));

        return payload.Length == 0 ? throw new ToolException(ExitCode.Refused, name, "it is empty", "give a payload, envelopes, or the folder of an export")
            : payload.Length > PayloadFile.MaxLength ? throw PayloadFile.TooLong(name)
            : payload.ToArray();
    }

    private async Task<ChunkEnvelope?> EnvelopeAsync(Stream stream, int number, CancellationToken cancellation)
    {
        try
        {
            return await ChunkEnvelope.ReadFromAsync(stream, cancellation).WaitAsync(cancellation);
        }
        catch (Exception failure) when (failure is InvalidDataException or EndOfStreamException)
        {
            throw new ToolException(ExitCode.Refused, Numbered(number), failure.Message.TrimEnd('.'), "get it again from who sent it");
        }
        catch (Exception failure) when (FileFailure.Is(failure))
        {
            throw FileFailure.Of(name, failure);
        }
    }
}
