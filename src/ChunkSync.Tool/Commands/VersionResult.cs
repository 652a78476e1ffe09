using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Serialization.Metadata;
using SQLitePCL;

namespace ChunkSync.Tool;

/// <summary>What this program is.</summary>
/// <param name="Version">Its version.</param>
/// <param name="SqliteVersion">The version of the SQLite inside.</param>
/// <param name="Platform">What it was built for.</param>
internal sealed record VersionResult(string Version, string SqliteVersion, string Platform) : CommandResult("chunksync.version.v1")
{
    /// <inheritdoc/>
    public override JsonTypeInfo ToJsonType() => ToolJson.Instance.VersionResult;

    /// <summary>Asks the program.</summary>
    public static VersionResult Read()
    {
        Batteries_V2.Init();
        string version = typeof(VersionResult).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
        return new VersionResult(version, raw.sqlite3_libversion().utf8_to_string(), RuntimeInformation.RuntimeIdentifier);
    }

    /// <inheritdoc/>
    public override void WriteText(TextOutput output) => output.Line($"chunksync {Version} (SQLite {SqliteVersion})");
}
