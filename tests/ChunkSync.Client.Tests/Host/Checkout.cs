using System.Reflection;

namespace ChunkSync.Client.Tests.Host;

/// <summary>The files that the tests look at.</summary>
internal static class Checkout
{
    public static string Root { get; } = Metadata("RepoRoot");

    /// <summary>The built native library, which <c>./build.sh test</c> makes before.</summary>
    public static string NativeLibrary { get; } = Path.Combine(Root, "dist", Metadata("RuntimeIdentifier"),
        OperatingSystem.IsWindows() ? "chunksync.dll" : OperatingSystem.IsMacOS() ? "chunksync.dylib" : "chunksync.so");

    public static string Find(string path) => Path.Combine(Root, path);

    private static string Metadata(string key) => typeof(Checkout).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == key).Value!;
}
