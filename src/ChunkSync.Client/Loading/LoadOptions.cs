namespace ChunkSync.Client;

/// <summary>How the engine comes to a connection.</summary>
public sealed record LoadOptions
{
    /// <summary>In process.</summary>
    public static LoadOptions Default { get; } = new();

    /// <summary>Loads the native library of the package, as <c>LoadExtension</c> does, instead of the engine of this assembly. For hosts that must not have
    /// managed callbacks.</summary>
    public bool UseNativeLibrary { get; init; }

    /// <summary>Where the native library is; null for the package's own, beside the program.</summary>
    public string? NativeLibraryPath { get; init; }

    /// <summary>A handle of the SQLite library that opened the connection, from <see cref="System.Runtime.InteropServices.NativeLibrary"/>; 0 to ask
    /// SQLitePCLRaw for it.</summary>
    public nint SqliteLibrary { get; init; }
}
