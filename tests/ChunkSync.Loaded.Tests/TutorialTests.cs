using System.Text;

namespace ChunkSync.Loaded.Tests;

/// <summary>The commands of docs/tutorial.md give what the page says: with the app in C# on both sides and, where a Python can load extensions, with the one in Python on
/// one of them.</summary>
public sealed class TutorialTests : IDisposable
{
    private static readonly string Managed = Path.Combine(Repository.Root, "samples/todo/dotnet/bin/Release/net10.0/todo.dll");

    private readonly string folder = Directory.CreateTempSubdirectory("chunksync-tutorial").FullName;

    [Fact]
    public void Commands_give_what_the_page_says_when_both_devices_run_the_managed_app() =>
        Run($"phone() {{ dotnet '{Managed}' phone.db \"$@\"; }}");

    [Fact]
    public void Commands_give_what_the_page_says_when_one_device_runs_the_python_app()
    {
        if (DocumentationTests.Python() is string python)
        {
            Run($"phone() {{ CHUNKSYNC_LIBRARY='{Repository.Library}' {python} '{Repository.Root}/samples/todo/todo.py' phone.db \"$@\"; }}");
        }
    }

    [Theory]
    [InlineData("samples/todo/dotnet/Program.cs", 200)]
    [InlineData("samples/todo/todo.py", 150)]
    public void App_is_as_short_as_the_page_says(string path, int lines) => Assert.InRange(Repository.Read(path).Count(letter => letter == '\n'), 1, lines);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>Runs all blocks in one shell, which says behind each where it ends.</summary>
    private void Run(string phone)
    {
        const string End = "== the block ends ==\n";
        DocumentationPage.Block[] blocks = [.. new DocumentationPage("tutorial.md").Blocks.Where(block => block.Language == "sh" && block.Info != "setup")];
        StringBuilder script = new($"set -eu\ndesk() {{ dotnet '{Managed}' desk.db \"$@\"; }}\n{phone}\n");
        foreach (DocumentationPage.Block block in blocks)
        {
            script.Append(block.Code).Append("echo '").Append(End.TrimEnd('\n')).Append("'\n");
        }

        (int code, string output, string errors) = Repository.RunIn(folder, "bash", script.ToString());
        Assert.True(code == 0, output + errors);
        string[] outputs = output.Split(End);
        Assert.Equal(blocks.Length + 1, outputs.Length);
        Assert.All(blocks.Zip(outputs), pair => Assert.Equal($"docs/tutorial.md, line {pair.First.Line}:\n{pair.First.Expected}", $"docs/tutorial.md, line {pair.First.Line}:\n{pair.Second}"));
    }
}
