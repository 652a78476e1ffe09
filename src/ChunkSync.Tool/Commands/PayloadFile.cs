using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>A file with a payload or an envelope.</summary>
internal static class PayloadFile
{
    /// <summary>All bytes of a file, or of standard input for <c>-</c>.</summary>
    public static async Task<byte[]> ReadAsync(string path, ToolContext context)
    {
        if (path != "-")
        {
            try
            {
                return await File.ReadAllBytesAsync(path, context.Cancellation);
            }
            catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
            {
                throw new ToolException(ExitCode.InputOutput, path, "no such file", "give the path of a payload");
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                throw new ToolException(ExitCode.InputOutput, path, failure.Message);
            }
        }

        using MemoryStream all = new();

        // A read of a terminal or pipe cannot be cancelled: it is left behind.
        await context.Terminal.OpenInput().CopyToAsync(all, context.Cancellation).WaitAsync(context.Cancellation);
        return all.ToArray();
    }

    /// <summary>The envelope that the bytes are; null where they are a payload, or nothing.</summary>
    /// <exception cref="ToolException">It is damaged, or something stands behind it.</exception>
    public static ChunkEnvelope? Envelope(ReadOnlyMemory<byte> bytes, string what)
    {
        if (!bytes.Span.StartsWith("CSF1"u8))
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
