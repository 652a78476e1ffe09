namespace ChunkSync.Tool.Tests;

public sealed class FolderStoreTests : ChunkStoreTests, IDisposable
{
    private readonly Workspace workspace = new();
    private int stores;

    [Fact]
    public async Task Leftovers_of_a_killed_run_go_when_the_next_one_writes_and_those_in_use_stay()
    {
        using IChunkStore store = Open();
        await store.PutAsync("c/1.clsy", new byte[] { 1 }, default);
        string folder = Path.Combine(store.Address, "c");
        string left = Path.Combine(folder, ".left.tmp"), used = Path.Combine(folder, ".used.tmp");
        await File.WriteAllTextAsync(left, "half");
        await using FileStream writer = new(used, FileMode.CreateNew, FileAccess.Write, FileShare.Delete);
        using IChunkStore next = ChunkStores.Open(store.Address);
        await next.PutAsync("c/2.clsy", new byte[] { 2 }, default);
        Assert.Equal([used], Directory.EnumerateFiles(folder, ".*"));
        Assert.Equal(["1.clsy", "2.clsy"], await NamesAsync(next, "c"));
    }

    [Fact]
    public async Task Put_fails_with_one_line_when_the_folder_above_is_missing_or_no_folder()
    {
        string missing = workspace.At("not/there");
        await FailsAsync(missing, $"{workspace.At("not")}: the folder does not exist; make it, or mount what it is on");
        string file = workspace.At("file");
        await File.WriteAllTextAsync(file, "x");
        await FailsAsync(Path.Combine(file, "sub"), $"{file}: it is a file, not a folder; give the path of a folder");
        using IChunkStore store = ChunkStores.Open(file);
        ToolException failure = await Assert.ThrowsAsync<ToolException>(() => store.PutAsync("head.json", default, default));
        Assert.Equal(ExitCode.InputOutput, failure.Code);
    }

    [Fact]
    public async Task Put_fails_when_the_folder_is_removed_in_between()
    {
        using IChunkStore store = Open();
        await store.PutAsync("c/1.clsy", new byte[] { 1 }, default);
        Directory.Delete(store.Address, recursive: true);
        ToolException failure = await Assert.ThrowsAsync<ToolException>(() => store.PutAsync("c/2.clsy", new byte[] { 1 }, default));
        Assert.Equal((ExitCode.InputOutput, "the folder does not exist"), (failure.Code, failure.Cause));
        failure = await Assert.ThrowsAsync<ToolException>(() => store.PutAsync("m/1.json", new byte[] { 1 }, default));
        Assert.Equal((ExitCode.InputOutput, "the folder does not exist"), (failure.Code, failure.Cause));
    }

    [Theory]
    [InlineData(28, "the disk is full")]
    [InlineData(122, "the disk is full")]
    [InlineData(30, "the file system is read-only")]
    [InlineData(5, "error 5 of the operating system (text)")]
    public void Cause_is_named_when_the_system_gives_a_number(int number, string cause) =>
        Assert.Equal(cause, FileFailure.Cause(new IOException("text", number)));

    public void Dispose() => workspace.Dispose();

    private protected override IChunkStore Open() => ChunkStores.Open(workspace.At($"store{stores++}"));

    private static async Task FailsAsync(string folder, string line)
    {
        using IChunkStore store = ChunkStores.Open(folder);
        ToolException failure = await Assert.ThrowsAsync<ToolException>(() => store.PutAsync("c/1.clsy", default, default));
        Assert.Equal((ExitCode.InputOutput, $"chunksync: {line}"), (failure.Code, failure.Line));
    }
}
