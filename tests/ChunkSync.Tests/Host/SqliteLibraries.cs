using System.Reflection;
using System.Runtime.InteropServices;

namespace ChunkSync.Tests.Host;

/// <summary>The SQLite libraries that tests can run on: the system's, the oldest supported and the newest that packages bring, any other by
/// its path.</summary>
public static class SqliteLibraries
{
    private const string Variable = "CHUNKSYNC_TEST_SQLITE";

    /// <summary>The path of the library that CHUNKSYNC_TEST_SQLITE names: "oldest", "newest", or a path; null for the system's.</summary>
    public static string? Chosen => Environment.GetEnvironmentVariable(Variable) switch
    {
        null or "" or "system" => null,
        "oldest" => Oldest,
        "newest" => Newest,
        var path => path,
    };

    /// <summary>The path of SQLite 3.35.5.</summary>
    public static string Oldest => InPackage("oldest");

    /// <summary>The path of the newest one.</summary>
    public static string Newest => InPackage("newest");

    private static string InPackage(string name)
    {
        string package = typeof(SqliteLibraries).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(attribute => attribute.Key == name).Value!;
        (string system, string file) = OperatingSystem.IsWindows() ? ("win", "e_sqlite3.dll")
            : OperatingSystem.IsMacOS() ? ("osx", "libe_sqlite3.dylib") : ("linux", "libe_sqlite3.so");
        string architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        return Path.Combine(package, "runtimes", $"{system}-{architecture}", "native", file);
    }
}
