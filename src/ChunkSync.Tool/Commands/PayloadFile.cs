using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>A file with a payload or an envelope.</summary>
internal static class PayloadFile
{
    private const int PieceLength = 81_920;

    /// <summary>The longest payload: what SQLite takes as one value. Chunks are shorter, what <c>diff --payload</c> writes may not be.</summary>
    public const int MaxLength = 1_000_000_000;

    /// <summary>What every payload begins with.</summary>
    private static ReadOnlySpan<byte> PayloadMark => "CLSY"u8;

    /// <summary>What every envelope begins with.</summary>
    private static ReadOnlySpan<byte> EnvelopeMark => "CSF1"u8;

    /// <summary>Whether bytes can be the beginning of a payload or of an envelope. What is neither is not read to its end, which a device may not have.</summary>
    public static bool CanBegin(ReadOnlySpan<byte> bytes) => bytes.StartsWith(PayloadMark) || bytes.StartsWith(EnvelopeMark);

    /// <summary>Refuses what no payload can be.</summary>
    public static ToolException TooLong(string what) => new(ExitCode.Refused, what, $"it has more than {MaxLength} bytes: no payload is so long");

    /// <summary>All bytes of a file, or of standard input for <c>-</c>.</summary>
    /// <exception cref="ToolException">It cannot be read, or is too long.</exception>
    public static async Task<byte[]> ReadAsync(string path, ToolContext context)
    {
        if (Directory.Exists(path))
        {
            throw new ToolException(ExitCode.InputOutput, path, "it is a folder", "give the path of a payload; c/ in an export has some");
        }

        try
        {
            await using Stream stream = await NamedPipe.OpenAsync(() => path == "-" ? context.Terminal.OpenInput() : File.OpenRead(path), context.Cancellation);

            // A read of a terminal or pipe cannot be cancelled: it is left behind.
            return await ReadAsync(stream, path, context.Cancellation).WaitAsync(context.Cancellation);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ToolException(ExitCode.InputOutput, path, "no such file", "give the path of a payload");
        }
        catch (Exception failure) when (FileFailure.Is(failure) || failure is ArgumentException)
        {
            throw FileFailure.Of(path.Length == 0 ? "''" : path, failure);
        }
    }

    private static async Task<byte[]> ReadAsync(Stream stream, string path, CancellationToken cancellation)
    {
        using MemoryStream all = new();
        byte[] piece = new byte[PieceLength];
        for (int read = piece.Length; read == piece.Length && (all.Length == 0 || CanBegin(all.GetBuffer()));)
        {
            read = await stream.ReadAtLeastAsync(piece, piece.Length, throwOnEndOfStream: false, cancellation);
            all.Write(piece, 0, read);
            if (all.Length > MaxLength)
            {
                throw TooLong(path == "-" ? "standard input" : path);
            }
        }

        return all.ToArray();
    }

    /// <summary>The envelope that the bytes are; null where they are a payload, or nothing.</summary>
    /// <exception cref="ToolException">It is damaged, or something stands behind it.</exception>
    public static ChunkEnvelope? Envelope(ReadOnlyMemory<byte> bytes, string what)
    {
        if (!bytes.Span.StartsWith(EnvelopeMark))
        {
            return null;
        }

        try
        {
            if (ChunkEnvelope.TryRead(bytes, out ChunkEnvelope? envelope) && envelope.Length == bytes.Length)
            {
                return envelope;
            }
        }
        catch (InvalidDataException)
        {
            // Said below.
        }

        throw new ToolException(ExitCode.Refused, what, "the envelope is damaged or cut off, or more stands behind it", "get it again from who sent it");
    }
}
