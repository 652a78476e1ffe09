namespace ChunkSync.Format;

/// <summary>The two version numbers of the product, each written once.</summary>
public static class ProductInfo
{
    private const int Major = 1;
    private const int Minor = 1;
    private const int Patch = 4;

    /// <summary>The compatibility version as header bytes 5 to 7 carry it.</summary>
    internal const uint CompatibilityNumber = (Major << 16) | (Minor << 8) | Patch;

    /// <summary>The sqlite-sync release whose SQL surface, payload bytes and database files are matched. It is what
    /// <c>cloudsync_version()</c> returns, what the setting <c>version</c> holds and what header bytes 5 to 7 say.</summary>
    public static string CompatibilityVersion { get; } = $"{Major}.{Minor}.{Patch}";

    /// <summary>The product's own version, returned by <c>chunksync_version()</c>; Directory.Build.props has it.</summary>
    public const string Version = ProductVersion.Text;
}
