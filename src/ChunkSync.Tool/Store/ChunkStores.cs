namespace ChunkSync.Tool;

/// <summary>Opens the store that an address names.</summary>
internal static class ChunkStores
{
    private const string S3Scheme = "s3://";

    /// <summary>Whether an address names objects behind an S3 API.</summary>
    public static bool IsS3(string address) => address.StartsWith(S3Scheme, StringComparison.OrdinalIgnoreCase);

    /// <summary>Opens a store; nothing is read or written yet.</summary>
    /// <param name="address">A folder, or <c>s3://BUCKET/PREFIX</c>.</param>
    /// <exception cref="ToolException">It is neither, or the client cannot be set up.</exception>
    public static IChunkStore Open(string address)
    {
        if (!IsS3(address))
        {
            return address.Length == 0 ? throw new ToolException(ExitCode.Usage, "''", "the path is empty") : new FolderStore(address);
        }

        string[] parts = address[S3Scheme.Length..].Split('/', 2);
        string prefix = parts.Length == 2 ? parts[1].Trim('/') : "";
        return parts[0].Length == 0
            ? throw new ToolException(ExitCode.Usage, address, "the bucket is missing", "write s3://BUCKET/PREFIX")
            : new S3Store(parts[0], prefix);
    }
}
