using System.Diagnostics;
using System.Runtime.InteropServices;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tool.Tests;

/// <summary>Processes that are killed at random instants. The same command again completes what they have begun.</summary>
public sealed partial class KillTests(ITestOutputHelper output) : IDisposable
{
    /// <summary>The most kills before a run is left alone.</summary>
    private const int MaxKills = 3;

    /// <summary>SIGINT, what Ctrl-C sends.</summary>
    private const int Interrupt = 2;

    private readonly Workspace workspace = new();

    [Fact, Soak("kill-chunks")]
    public async Task Export_is_that_of_an_undisturbed_run_when_runs_before_it_were_killed()
    {
        string path = Database(), whole = workspace.At("whole");
        (await Tool.RunAsync("chunks", path, "--out", whole, "--chunk-size", "256K")).Expect(ExitCode.Done);
        SortedDictionary<string, byte[]> expected = Streams.Files(whole);
        using Effort effort = Effort.Start("kill-chunks", output, sample: 2);
        while (effort.Next("exports"))
        {
            string folder = workspace.At($"export{effort.Turn}");
            for (int kill = effort.Random.Next(1, MaxKills + 1); kill > 0; kill--)
            {
                // Some of the objects are there, wherever this run has begun.
                int files = effort.Random.Next(expected.Count + 2);
                effort.Add("kills", await KilledAsync(effort, () => CountFiles(folder) >= files, "chunks", path, "--out", folder, "--chunk-size", "256K"));
            }

            (await Tool.RunAsync("chunks", path, "--out", folder, "--chunk-size", "256K")).Expect(ExitCode.Done);
            Streams.Same(expected, Streams.Files(folder));
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact, Soak("kill-apply")]
    public async Task Database_is_that_of_an_undisturbed_run_when_runs_before_it_were_killed()
    {
        string path = Database(rows: 25), export = workspace.At("export"), empty = workspace.Shop("empty.db"), whole = workspace.At("whole.db");
        (await Tool.RunAsync("chunks", path, "--out", export, "--chunk-size", "256K")).Expect(ExitCode.Done);
        File.Copy(empty, whole);
        (await Tool.RunAsync("apply", whole, export)).Expect(ExitCode.Done);
        (long least, long most) = (new FileInfo(empty).Length, new FileInfo(whole).Length);
        string expected = Streams.State(whole), version = Workspace.Text(whole, "SELECT cloudsync_db_version()");
        Assert.Equal(Streams.State(path), expected);
        using Effort effort = Effort.Start("kill-apply", output, sample: 2);
        while (effort.Next("applies"))
        {
            string copy = workspace.At($"copy{effort.Turn}.db");
            string[] arguments = ["apply", copy, export, .. effort.Random.Next(2) == 0 ? (string[])["--receive"] : []];
            File.Copy(empty, copy);
            for (int kill = effort.Random.Next(1, MaxKills + 1); kill > 0; kill--)
            {
                // Some of the chunks are there, wherever this run has begun.
                long size = effort.Random.NextInt64(least, most + 1);
                effort.Add("kills", await KilledAsync(effort, () => new FileInfo(copy).Length >= size, arguments));
            }

            (await Tool.RunAsync(arguments)).Expect(ExitCode.Done);
            Assert.Equal(expected, Streams.State(copy));
            Assert.Equal(version, Workspace.Text(copy, "SELECT cloudsync_db_version()"));
            Assert.Equal("ok", Workspace.Text(copy, "PRAGMA integrity_check"));
            File.Delete(copy);
        }
    }

    [Fact, Soak("kill-sync")]
    public async Task Devices_are_equal_when_syncs_before_were_killed_or_ran_at_once()
    {
        string store = Directory.CreateDirectory(workspace.At("shared")).FullName;
        string[] devices = [workspace.Shop("one.db"), workspace.Shop("two.db"), workspace.Shop("three.db")];
        using Effort effort = Effort.Start("kill-sync", output, sample: 2);
        while (effort.Next("rounds"))
        {
            foreach (string device in devices)
            {
                Workspace.Run(device, $"INSERT INTO items VALUES ('{Guid.NewGuid()}', 'new', 1)", Streams.Fill(effort.Random.Next(1, 9), $"{Guid.NewGuid()}-"));
            }

            string killed = devices[effort.Random.Next(3)];
            int files = CountFiles(store) + effort.Random.Next(12);
            Stopwatch running = Stopwatch.StartNew();
            int end = effort.Random.Next(150, 900);
            Task<int> kill = KilledAsync(effort, () => CountFiles(store) >= files || running.ElapsedMilliseconds > end, "sync", killed, store);
            Task<ToolRun> other = Tool.RunAsync("sync", devices[effort.Random.Next(3)], store, "--busy-timeout", "60000");
            effort.Add("kills", await kill);
            (await other).Expect(ExitCode.Done);
            foreach (string device in devices.Concat(devices))
            {
                (await Tool.RunAsync("sync", device, store)).Expect(ExitCode.Done);
            }

            string expected = Streams.State(devices[0]);
            Assert.All(devices, device => Assert.Equal(expected, Streams.State(device)));
            Assert.DoesNotContain(Streams.Files(store).Keys, name => name.EndsWith(".tmp", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Command_ends_with_130_and_nothing_half_done_when_it_is_interrupted()
    {
        string path = Database(), folder = "";
        ToolRun run = new(0, "", "");
        for (int attempt = 0; run.Code == 0; attempt++)
        {
            // On a busy machine a run can be over before it is signalled.
            Assert.InRange(attempt, 0, 40);
            folder = workspace.At($"export{attempt}");
            using Process process = Tool.Start("chunks", path, "--out", folder, "--chunk-size", "256K");
            while (CountFiles(folder) < 2 && !process.HasExited)
            {
                await Task.Delay(1);
            }

            _ = SendSignal(process.Id, Interrupt);
            await process.WaitForExitAsync();
            run = new ToolRun(process.ExitCode, await process.StandardOutput.ReadToEndAsync(), await process.StandardError.ReadToEndAsync());
        }

        Assert.Equal(new ToolRun(130, "", "chunksync: interrupted: the command was stopped; run it again\n"), run);
        Assert.DoesNotContain(Streams.Files(folder).Keys, name => name.EndsWith(".tmp", StringComparison.Ordinal));
        (await Tool.RunAsync("chunks", path, "--out", folder, "--chunk-size", "256K")).Expect(ExitCode.Done);
        (await Tool.RunAsync("chunks", path, "--out", workspace.At("whole"), "--chunk-size", "256K")).Expect(ExitCode.Done);
        Streams.Same(Streams.Files(workspace.At("whole")), Streams.Files(folder));
    }

    public void Dispose() => workspace.Dispose();

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);

    private static int CountFiles(string folder)
    {
        try
        {
            return Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Count() : 0;
        }
        catch (DirectoryNotFoundException)
        {
            return 0;
        }
    }

    /// <summary>Kills a run of the tool when it is time.</summary>
    /// <returns>1, or 0 where it was over before.</returns>
    private static async Task<int> KilledAsync(Effort effort, Func<bool> isTime, params string[] arguments)
    {
        TimeSpan more = TimeSpan.FromMilliseconds(4 * effort.Random.NextDouble());
        using Process process = Tool.Start(arguments);
        await Task.Run(() =>
        {
            while (!process.HasExited && !isTime())
            {
                Thread.Sleep(1);
            }

            Stopwatch rest = Stopwatch.StartNew();
            SpinWait.SpinUntil(() => rest.Elapsed >= more);
            process.Kill();
        });
        await process.WaitForExitAsync();
        return process.ExitCode == 137 ? 1 : 0;
    }

    /// <summary>A stream of two parts of a manifest: many rows in a chunk, rows that fill one, a value in several, deletions.</summary>
    private string Database(int rows = 68) => workspace.Shop(
        "shop.db",
        "INSERT INTO items VALUES ('a', 'apple', 1), ('b', 'banana', 2)",
        Streams.Fill(rows),
        "INSERT INTO notes VALUES ('long', randomblob(600000))",
        "DELETE FROM notes WHERE id = 'k7'",
        "UPDATE items SET price = 3 WHERE id = 'a'");
}
