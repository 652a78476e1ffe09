using System.Text;
using System.Text.RegularExpressions;

namespace ChunkSync.Tool.Tests;

/// <summary>The blocks <c>console</c> of docs/tool.md, run in order in one folder: what stands behind a line that begins with <c>$</c> is its output.</summary>
[Collection(nameof(CurrentFolder))]
public sealed partial class DocumentationTests : IDisposable
{
    private const string Page = "docs/tool.md";
    private static readonly bool IsWriting = Environment.GetEnvironmentVariable("CHUNKSYNC_WRITE_GOLDEN") == "1";

    private readonly Workspace workspace = new();
    private readonly string before = Directory.GetCurrentDirectory();

    [Fact]
    public async Task Blocks_give_what_the_page_says_when_they_run_in_order()
    {
        Directory.SetCurrentDirectory(workspace.Folder);
        string path = Path.Combine(Workspace.Root, Page);
        string text = await File.ReadAllTextAsync(path);
        StringBuilder page = new();
        int end = 0;
        foreach (Match block in Block().Matches(text))
        {
            page.Append(text, end, block.Groups[1].Index - end);
            foreach (string command in block.Groups[1].Value.Split('\n').Where(line => line.StartsWith("$ ", StringComparison.Ordinal)))
            {
                page.Append(command).Append('\n').Append(await RunAsync(command[2..]));
            }

            end = block.Groups[1].Index + block.Groups[1].Length;
        }

        page.Append(text, end, text.Length - end);
        if (IsWriting)
        {
            await File.WriteAllTextAsync(path, page.ToString());
            return;
        }

        // Site ids are random: one in some hundred runs compresses by a byte or two more or less.
        Assert.Equal(Bytes().Replace(text, "N bytes"), Bytes().Replace(page.ToString(), "N bytes"));
    }

    /// <summary>The blocks run with the engine here; a reader's shell does not have it.</summary>
    [Fact]
    public void Page_says_how_the_shell_gets_the_engine_before_its_first_statement()
    {
        string text = File.ReadAllText(Path.Combine(Workspace.Root, Page));
        Assert.InRange(text.IndexOf("sqlite3() { command sqlite3 -cmd \".load ", StringComparison.Ordinal), 0, text.IndexOf("$ sqlite3 ", StringComparison.Ordinal));
    }

    [Fact]
    public void Page_names_every_command()
    {
        string text = File.ReadAllText(Path.Combine(Workspace.Root, Page));
        Assert.All(ToolCommands.All(), command => Assert.Contains($"$ chunksync {command.Name}", text.Replace("<(chunksync", "$ chunksync", StringComparison.Ordinal), StringComparison.Ordinal));
    }

    public void Dispose()
    {
        Directory.SetCurrentDirectory(before);
        workspace.Dispose();
    }

    private static async Task<string> RunAsync(string line)
    {
        string[] words = [.. Word().Matches(line.Split("; echo")[0]).Select(match => match.Value.Trim('"'))];
        switch (words[0])
        {
            case "sqlite3" when words[2].StartsWith("SELECT ", StringComparison.Ordinal):
                return Site().Replace(Workspace.Text(words[1], words[2]), "…") + "\n";
            case "sqlite3":
                Workspace.Run(words[1], words[2]);
                return "";
            case "mkdir":
                Directory.CreateDirectory(words[1]);
                return "";
            case "cp":
                File.Copy(words[1], words[2]);
                return "";
            default:
                ToolRun run = await Tool.RunAsync(words[1..]);
                string shown = Site().Replace(run.Output + run.Error, "…");
                return line.EndsWith("; echo $?", StringComparison.Ordinal) ? $"{shown}{run.Code}\n" : shown;
        }
    }

    [GeneratedRegex("[0-9][0-9,]* bytes")]
    private static partial Regex Bytes();

    [GeneratedRegex("^```console\\n(.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();

    [GeneratedRegex("\"[^\"]*\"|\\S+")]
    private static partial Regex Word();

    /// <summary>Site ids, and the checksum over one.</summary>
    [GeneratedRegex("\\b[0-9a-f]{32}\\b|(?<=checksum )[0-9a-f]{12}")]
    private static partial Regex Site();

    /// <summary>Not beside other tests: the folder is the process's.</summary>
    [CollectionDefinition(nameof(CurrentFolder), DisableParallelization = true)]
    public class CurrentFolder;
}
