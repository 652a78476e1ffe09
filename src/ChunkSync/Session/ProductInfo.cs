namespace ChunkSync.Session;

/// <summary>The two version numbers of the product, each written once.</summary>
public static class ProductInfo
{
    /// <summary>The sqlite-sync release whose SQL surface, payload bytes and database files are matched. It is what
    /// <c>cloudsync_version()</c> returns, what the setting <c>version</c> holds and what header bytes 5 to 7 say.</summary>
    public const string CompatibilityVersion = "1.1.4";

    /// <summary>The product's own version, returned by <c>chunksync_version()</c>.</summary>
    public const string Version = "0.1.0";
}
