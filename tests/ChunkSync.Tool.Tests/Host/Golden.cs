using System.Text.RegularExpressions;

namespace ChunkSync.Tool.Tests;

/// <summary>Recorded outputs: <c>Golden/NAME.txt</c> and <c>Golden/NAME.json</c>. With CHUNKSYNC_WRITE_GOLDEN=1 the tests write them; look at the difference.</summary>
internal static partial class Golden
{
    private static readonly bool IsWriting = Environment.GetEnvironmentVariable("CHUNKSYNC_WRITE_GOLDEN") == "1";

    /// <summary>Runs a command as text and with <c>--json</c>, and compares both with what is recorded. The folder of the workspace is DIR there.</summary>
    /// <param name="workspace">The folder.</param>
    /// <param name="code">How both have to end.</param>
    /// <param name="name">The name of the recorded files.</param>
    /// <param name="arguments">The command line.</param>
    public static async Task CheckAsync(Workspace workspace, ExitCode code, string name, params string[] arguments)
    {
        ToolRun text = (await Tool.RunAsync(arguments)).Expect(code);
        Compare(workspace, name + ".txt", text);
        ToolRun json = (await Tool.RunAsync([.. arguments, "--json"])).Expect(code);
        string schema = $"chunksync.{arguments[0]}.v1";
        Assert.All(json.JsonLines, line => Assert.Equal(schema, (string?)line["schema"]));
        Compare(workspace, name + ".json", json);
    }

    /// <summary>Site ids that no recorded database has.</summary>
    [GeneratedRegex("\\b(?!0190a5b0c0de)[0-9a-f]{32}\\b")]
    private static partial Regex NewSite();

    private static void Compare(Workspace workspace, string file, ToolRun run)
    {
        string path = Path.Combine(Workspace.Root, "tests/ChunkSync.Tool.Tests/Golden", file);
        string output = NewSite().Replace(run.Output.Replace(workspace.Folder, "DIR", StringComparison.Ordinal), "SITE");
        Assert.Equal("", run.Error);
        if (IsWriting)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, output);
        }

        Assert.True(File.Exists(path), $"{path} is not recorded: run with CHUNKSYNC_WRITE_GOLDEN=1");
        Assert.Equal(File.ReadAllText(path), output);
    }
}
