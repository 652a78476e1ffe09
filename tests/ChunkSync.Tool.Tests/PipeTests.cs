using System.Diagnostics;

namespace ChunkSync.Tool.Tests;

/// <summary>Named pipes where files are asked for.</summary>
public sealed class PipeTests : IDisposable
{
    private readonly Workspace workspace = new();
    private readonly string pipe;

    public PipeTests()
    {
        pipe = workspace.At("pipe");
        if (OperatingSystem.IsLinux())
        {
            using Process make = Process.Start("mkfifo", [pipe]);
            make.WaitForExit();
        }
    }

    [Theory]
    [InlineData("init", "PIPE")]
    [InlineData("status", "PIPE")]
    [InlineData("apply", "PIPE", "-")]
    [InlineData("verify", "DB", "PIPE")]
    [InlineData("doctor", "PIPE", "--fix")]
    [InlineData("report", "DB", "--out", "page.html", "--against", "PIPE")]
    [InlineData("sync", "PIPE", ".")]
    public async Task Database_is_refused_when_it_is_a_pipe(params string[] arguments)
    {
        if (OperatingSystem.IsLinux())
        {
            string file = workspace.Shop();
            Task<ToolRun> run = Task.Run(() => Tool.RunAsync([.. arguments.Select(argument => argument switch { "PIPE" => pipe, "DB" => file, _ => argument })]));
            (await run.WaitAsync(TimeSpan.FromSeconds(60))).Fails(
                ExitCode.Database, $"chunksync: {pipe}: is a pipe, which SQLite would wait for; give the path of a database file");
        }
    }

    [Theory]
    [InlineData("dump", "PIPE")]
    [InlineData("apply", "DB", "PIPE")]
    [InlineData("report", "DB", "--out", "PIPE")]
    public async Task Command_ends_when_it_is_stopped_while_a_pipe_has_no_other_end(params string[] arguments)
    {
        if (OperatingSystem.IsLinux())
        {
            string file = workspace.Shop();
            using CancellationTokenSource stopped = new(TimeSpan.FromSeconds(1));
            Task<ToolRun> run = Task.Run(() => Tool.RunAsync(
                new ToolInput { Cancellation = stopped.Token }, [.. arguments.Select(argument => argument switch { "PIPE" => pipe, "DB" => file, _ => argument })]));
            (await run.WaitAsync(TimeSpan.FromSeconds(60))).Expect(ExitCode.Interrupted);

            // The open call that was left behind gets its other end.
            await using FileStream other = new(pipe, FileMode.Open, FileAccess.ReadWrite);
        }
    }

    [Fact]
    public async Task Result_is_written_into_a_pipe_when_it_is_the_file()
    {
        if (OperatingSystem.IsLinux())
        {
            string file = workspace.Shop("shop.db", "INSERT INTO items VALUES ('a', 'apple', 1)");
            string other = workspace.Shop("other.db");
            Task<byte[]> page = Task.Run(() => File.ReadAllBytes(pipe));
            (await Tool.RunAsync("report", file, "--out", pipe)).Expect(ExitCode.Done);
            Assert.True((await page).AsSpan().StartsWith("<!DOCTYPE html>"u8), "it is no page");
            Task<byte[]> payload = Task.Run(() => File.ReadAllBytes(pipe));
            (await Tool.RunAsync("diff", file, other, "--payload", pipe)).Expect(ExitCode.Differs);
            Assert.True((await payload).AsSpan().StartsWith("CLSY"u8), "it is no payload");
        }
    }

    public void Dispose() => workspace.Dispose();
}
