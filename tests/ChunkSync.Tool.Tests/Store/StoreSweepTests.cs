using System.Text.Json.Nodes;
using ChunkSync.Client;

namespace ChunkSync.Tool.Tests;

/// <summary>What keeps a store from growing for ever: <c>chunks --prune</c> and <c>sync --compact</c>.</summary>
public sealed class StoreSweepTests : IDisposable
{
    private readonly Workspace workspace = new();
    private readonly MemoryStore store = new();

    [Fact]
    public async Task Objects_that_the_export_does_not_name_are_removed_and_no_others()
    {
        string path = workspace.Shop("shop.db", Streams.Fill(70));
        await Streams.ExportAsync(path, store);
        for (int i = 0; i < 3; i++)
        {
            Workspace.Run(path, "UPDATE notes SET body = body || 'x' WHERE id <> 'k1'");
            await Streams.ExportAsync(path, store);
        }

        string orphan = $"c/{new string('0', 16)}-{new string('1', 16)}-{new string('2', 16)}-{new string('3', 16)}.clsy";
        string[] foreign = ["c/notes", "m/head.json", "c/" + new string('0', 16) + ".clsy", "other/file"];
        foreach (string name in (string[])[orphan, .. foreign])
        {
            store.Objects[name] = [1];
        }

        // Without a restart the orphan alone.
        SortedDictionary<string, byte[]> expected = new(store.Objects, StringComparer.Ordinal);
        expected.Remove(orphan);
        Assert.Equal(1, await SweepAsync((await Streams.ExportAsync(path, store)).Head));
        Streams.Same(expected, store.Objects);

        MemoryStore anew = new();
        ExportHead head = (await Streams.ExportAsync(path, store, new ExportRequest { Restart = true })).Head;
        await Streams.ExportAsync(path, anew, new ExportRequest { Generation = head.Generation });
        foreach (string name in foreign)
        {
            anew.Objects[name] = [1];
        }

        Assert.InRange(await SweepAsync(head), 200, 300);
        Streams.Same(anew.Objects, store.Objects);
        Assert.Equal(0, await SweepAsync(head));
    }

    [Fact]
    public async Task Nothing_is_removed_when_somebody_else_has_exported_meanwhile()
    {
        string path = workspace.Shop("shop.db", "INSERT INTO items VALUES ('a', 'apple', 1)");
        await Streams.ExportAsync(path, store);
        ExportHead head = (await Streams.ExportAsync(path, store, new ExportRequest { Restart = true })).Head;
        Workspace.Run(path, "INSERT INTO items VALUES ('b', 'banana', 1)");
        await Streams.ExportAsync(path, store);
        int objects = store.Objects.Count;
        ToolException failure = await Assert.ThrowsAsync<ToolException>(() => SweepAsync(head));
        Assert.Equal("chunksync: memory: another run exports to the same place: nothing was removed; run it again when the other one has ended", failure.Line);
        Assert.Equal(objects, store.Objects.Count);
    }

    /// <summary>A store of many windows becomes one of one, smaller; who joins, and who has part of it, gets everything.</summary>
    [Fact]
    public async Task Store_is_short_again_when_a_device_compacts_what_it_wrote()
    {
        string folder = workspace.At("shared"), path = workspace.Shop("a.db", Streams.Fill(5)), follower = workspace.Shop("b.db"), late = workspace.Shop("c.db");
        Directory.CreateDirectory(folder);
        for (int i = 0; i < 6; i++)
        {
            (await Tool.RunAsync("sync", path, folder)).Expect(ExitCode.Done);
            Workspace.Run(path, "UPDATE notes SET body = body || 'x'", $"INSERT INTO items VALUES ('i{i}', 'name', {i})");
            if (i == 3)
            {
                (await Tool.RunAsync("sync", follower, folder)).Expect(ExitCode.Done);
            }
        }

        string own = Path.Combine(folder, Workspace.Text(path, "SELECT lower(hex(cloudsync_siteid()))"));
        long before = Streams.Files(own).Sum(file => file.Value.Length);
        ToolRun run = (await Tool.RunAsync("sync", path, folder, "--compact", "--json")).Expect(ExitCode.Done);
        JsonNode pushed = run.Json["pushed"]!;
        Assert.True((long)pushed["removed"]! >= 12, run.Output);
        Assert.Equal(3, Streams.Files(own).Count);
        Assert.True(Streams.Files(own).Sum(file => file.Value.Length) < before / 3);

        // A repeat has nothing to do.
        SortedDictionary<string, byte[]> files = Streams.Files(own);
        Assert.Equal("push: nothing new; 0 objects removed\n", string.Concat((await Tool.RunAsync("sync", path, folder, "--compact")).Expect(ExitCode.Done).Output.Split('\n', 2)[0], "\n"));
        Streams.Same(files, Streams.Files(own));
        foreach (string device in (string[])[follower, late])
        {
            (await Tool.RunAsync("sync", device, folder)).Expect(ExitCode.Done);
            Assert.Equal(Streams.State(path), Streams.State(device));
            Assert.Equal("0", Workspace.Text(device, "SELECT count(*) FROM cloudsync_receive_gaps WHERE to_db_version IS NOT NULL"));
        }

        Workspace.Run(path, "INSERT INTO items VALUES ('last', 'name', 1)");
        (await Tool.RunAsync("sync", path, folder)).Expect(ExitCode.Done);
        (await Tool.RunAsync("sync", late, folder)).Expect(ExitCode.Done);
        Assert.Equal(Streams.State(path), Streams.State(late));
    }

    /// <summary>Wherever the receiver stopped, inside of the value too; what stood before the value is gone meanwhile, so that chunks are cut elsewhere.</summary>
    [Fact]
    public async Task Long_value_arrives_when_its_first_parts_came_from_before_a_compaction()
    {
        int calls = 3;
        for (bool isStopped = true; isStopped; calls++)
        {
            MemoryStore shared = new();
            string path = workspace.Shop($"a{calls}.db", "SELECT cloudsync_set('payload_max_chunk_size', '262144')",
                Streams.Fill(1), "INSERT INTO items VALUES ('a', 'apple', 1)", "INSERT INTO notes VALUES ('long', randomblob(1200000))");
            string other = workspace.Shop($"b{calls}.db");
            await PushAsync(path, shared, isCompact: false);
            shared.CallsLeft = calls;
            isStopped = await Record.ExceptionAsync(() => PullAsync(other, shared)) is OperationCanceledException;
            shared.CallsLeft = -1;
            Workspace.Run(path, "DELETE FROM notes WHERE id = 'k1'", "SELECT cloudsync_set('payload_max_chunk_size', '1000000')");
            await PushAsync(path, shared, isCompact: true);
            await PullAsync(other, shared);
            Assert.True(Streams.State(path) == Streams.State(other), $"stopped before call {calls}");
        }

        Assert.True(calls > 9, "it was stopped nowhere in the value");
    }

    [Fact]
    public async Task Reader_is_told_to_begin_again_when_the_export_was_made_anew_meanwhile()
    {
        string path = workspace.Shop("shop.db", Streams.Fill(3));
        ExportHead old = (await Streams.ExportAsync(path, store)).Head;
        Workspace.Run(path, "UPDATE notes SET body = 'short'");
        await SweepAsync((await Streams.ExportAsync(path, store, new ExportRequest { Restart = true })).Head);
        ToolException failure = await Assert.ThrowsAsync<ToolException>(() => ExportSource.OpenAsync(store, old, null, goesOn: false, default));
        Assert.Equal($"chunksync: memory/{old.LastPart}: it is missing; the export was made anew meanwhile: run the command again", failure.Line);
    }

    [Fact]
    public async Task Export_is_pruned_when_it_is_asked_for()
    {
        string path = workspace.Shop("shop.db", "INSERT INTO items VALUES ('a', 'apple', 1)"), folder = workspace.At("store");
        (await Tool.RunAsync("chunks", path, "--out", folder)).Expect(ExitCode.Done);
        Workspace.Run(path, "UPDATE items SET price = 2");
        (await Tool.RunAsync("chunks", path, "--out", folder)).Expect(ExitCode.Done);
        ToolRun run = (await Tool.RunAsync("chunks", path, "--out", folder, "--restart", "--prune")).Expect(ExitCode.Done);
        Assert.EndsWith("\n4 objects removed that the export does not need\n", run.Output, StringComparison.Ordinal);
        Assert.Equal(3, Streams.Files(folder).Count);
        Assert.Equal(0, (long?)(await Tool.RunAsync("chunks", path, "--out", folder, "--prune", "--json")).Expect(ExitCode.Done).Json["removed"]);
        string copy = workspace.Shop("copy.db");
        (await Tool.RunAsync("apply", copy, folder)).Expect(ExitCode.Done);
        Assert.Equal(Streams.State(path), Streams.State(copy));
    }

    public void Dispose() => workspace.Dispose();

    private Task<long> SweepAsync(ExportHead head) => new StoreSweep(store).RunAsync(head, default);

    private static async Task PushAsync(string path, MemoryStore shared, bool isCompact)
    {
        using DatabaseFile file = Files.Open(path);
        await new SyncRun(file, shared, default).PushAsync(new ProgressList(), isCompact);
    }

    private static async Task PullAsync(string path, MemoryStore shared)
    {
        using DatabaseFile file = Files.Open(path);
        SyncRun run = new(file, shared, default);
        foreach (SiteId site in await run.OthersAsync())
        {
            await run.PullAsync(site, new ProgressList());
        }
    }
}
