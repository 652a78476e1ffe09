namespace ChunkSync.Tool.Tests;

public sealed class StatusTests : IDisposable
{
    private readonly Workspace workspace = new();

    [Fact]
    public async Task Process_says_the_same_when_it_runs_by_itself()
    {
        string file = workspace.Fixture("relay_sites");
        Assert.Equal(await Tool.RunAsync("status", file), await Tool.RunProcessAsync("status", file));
    }

    [Fact]
    public async Task Status_fails_with_one_line_when_the_file_is_none()
    {
        string file = workspace.At("no.db");
        (await Tool.RunAsync("status", file)).Fails(ExitCode.Database, $"chunksync: {file}: no such file; give the path of a database file");
        await File.WriteAllTextAsync(file, new string('x', 5000));
        (await Tool.RunAsync("status", file)).Fails(ExitCode.Database, $"chunksync: {file}: file is not a database; give the path of a database file");
        ToolRun json = (await Tool.RunAsync("status", file, "--json")).Expect(ExitCode.Database);
        Assert.Equal("chunksync.error.v1", (string?)json.Json["schema"]);
        string empty = workspace.At("empty.db");
        Workspace.Run(empty, "CREATE TABLE t(a)");
        (await Tool.RunAsync("status", empty)).Fails(ExitCode.Database, $"chunksync: {empty}: no table is tracked; chunksync init {empty} TABLE tracks one");
    }

    [Theory]
    [InlineData("chunksync: command line: a command is missing; see chunksync --help")]
    [InlineData("chunksync: command line: there is no command 'stauts'; did you mean status?", "stauts")]
    [InlineData("chunksync: status: Required argument missing for command: 'status'; see chunksync status --help", "status")]
    [InlineData("chunksync: status: --busy-timeout soon is no number of milliseconds; see chunksync status --help", "status", "x", "--busy-timeout", "soon")]
    public async Task Command_line_is_refused_with_one_line_when_it_is_wrong(string line, params string[] arguments)
    {
        (await Tool.RunAsync(arguments)).Fails(ExitCode.Usage, line);
        ToolRun json = (await Tool.RunAsync([.. arguments, "--json"])).Expect(ExitCode.Usage);
        Assert.Equal("chunksync.error.v1", (string?)json.Json["schema"]);
    }

    public void Dispose() => workspace.Dispose();
}
