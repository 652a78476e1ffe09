using System.Runtime.InteropServices;
using SQLitePCL;

namespace ChunkSync.Client;

/// <summary>The native library of the package, where publishing and restoring put it.</summary>
internal static class NativeAsset
{
    private const string Name = "chunksync";

    private static string FileName => Name + (OperatingSystem.IsWindows() ? ".dll" : OperatingSystem.IsMacOS() ? ".dylib" : ".so");

    /// <summary>The path of the library.</summary>
    /// <param name="given">Where the caller says that it is; null to look for it.</param>
    /// <exception cref="ChunkSyncException">It is not there: names every path that was tried, and the platforms that are there.</exception>
    public static string Find(string? given)
    {
        if (given != null)
        {
            return given;
        }

        string[] tried = [.. Candidates().Distinct()];
        return Array.Find(tried, File.Exists) ?? throw ChunkSyncException.LoadFailed(
            $"chunksync: there is no native library for {RuntimeInformation.RuntimeIdentifier}; there is one for {Platforms()}; tried: "
            + string.Join(", ", tried));
    }

    /// <summary>Loads the library on a raw handle. Extensions may be loaded only while it does.</summary>
    public static void Load(sqlite3 handle, string path)
    {
        raw.sqlite3_db_config(handle, raw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, -1, out int wasEnabled);
        raw.sqlite3_enable_load_extension(handle, 1);
        try
        {
            using SyncStatement statement = new(handle, "SELECT load_extension(?1)", isOfEngine: false);
            statement.Bind(1, path);
            statement.Step();
        }
        catch (ChunkSyncException failure)
        {
            throw ChunkSyncException.LoadFailed($"{path}: {failure.Message}");
        }
        finally
        {
            raw.sqlite3_enable_load_extension(handle, wasEnabled);
        }
    }

    private static IEnumerable<string> Candidates()
    {
        string searched = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        foreach (string folder in searched.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Prepend(AppContext.BaseDirectory))
        {
            yield return Path.Combine(folder, FileName);
            yield return Path.Combine(folder, "runtimes", RuntimeInformation.RuntimeIdentifier, "native", FileName);
            yield return Path.Combine(folder, "runtimes", PortableIdentifier(), "native", FileName);
        }
    }

    /// <summary>The platform without its distribution, as packages name it.</summary>
    private static string PortableIdentifier()
    {
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        string libc = RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal) ? "-musl" : "";
        return $"{system}{libc}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    }

    private static string Platforms()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "runtimes");
        string[] found = !Directory.Exists(folder)
            ? []
            : [.. Directory.GetDirectories(folder).Where(platform => Directory.EnumerateFiles(platform, Name + ".*", SearchOption.AllDirectories).Any())
                .Select(platform => Path.GetFileName(platform)).Order(StringComparer.Ordinal)];
        return found.Length == 0 ? "no platform" : string.Join(", ", found);
    }
}
