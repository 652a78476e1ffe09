namespace ChunkSync.Tool;

/// <summary>Files that appear whole or not at all.</summary>
internal static class WholeFile
{
    /// <summary>Writes one.</summary>
    /// <exception cref="ToolException">It cannot be written.</exception>
    public static async Task WriteAsync(string path, byte[] bytes, CancellationToken cancellation)
    {
        string part = path + ".part";
        try
        {
            await File.WriteAllBytesAsync(part, bytes, cancellation);
            File.Move(part, path, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(ExitCode.InputOutput, path, failure.Message);
        }
    }
}
