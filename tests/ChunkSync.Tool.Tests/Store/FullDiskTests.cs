namespace ChunkSync.Tool.Tests;

/// <summary>A disk that gets full in the middle of a write.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly Workspace workspace = new();

    [Theory]
    [InlineData]
    [InlineData("--one-transaction")]
    [InlineData("--receive")]
    public async Task Database_can_be_read_when_the_disk_got_full_in_an_apply(params string[] options)
    {
        string sender = workspace.Shop("sender.db",
            "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 40) INSERT INTO notes SELECT 'n' || i, hex(randomblob(150000)) FROM c");
        string export = workspace.At("export");
        (await Tool.RunAsync("chunks", sender, "--out", export)).Expect(ExitCode.Done);
        string small = Directory.CreateDirectory(workspace.At("small")).FullName;
        if (!SmallDisk.TryMount(small, kilobytes: 1500))
        {
            return;
        }

        try
        {
            string file = Path.Combine(small, "shop.db");
            File.Copy(workspace.Shop(), file);
            (await Tool.RunAsync(["apply", file, export, .. options])).Expect(ExitCode.InputOutput);
            Assert.Equal([file], Directory.EnumerateFiles(small));
            (await Tool.RunAsync("status", file)).Expect(ExitCode.Done);
            SmallDisk.Remount(small, "size=90000k");
            (await Tool.RunAsync(["apply", file, export, .. options])).Expect(ExitCode.Done);
            (await Tool.RunAsync("verify", sender, file)).Expect(ExitCode.Done);
        }
        finally
        {
            SmallDisk.Unmount(small);
        }
    }

    public void Dispose() => workspace.Dispose();
}
