using System.Text;
using System.Text.Json.Nodes;
using ChunkSync.Client;
using Microsoft.Data.Sqlite;

namespace ChunkSync.Tool.Tests;

public sealed class ExporterTests : IDisposable
{
    private readonly Workspace workspace = new();
    private readonly MemoryStore store = new();

    [Fact]
    public async Task Export_has_the_chunks_of_a_read_under_the_names_of_the_format()
    {
        string path = workspace.Shop("shop.db", "INSERT INTO items VALUES ('a', 'apple', 1)", Streams.Fill(70), "INSERT INTO notes VALUES ('long', randomblob(600000))");
        ExportResult done = await Streams.ExportAsync(path, store);
        List<string> names = [];
        ChunkCursor from = ChunkCursor.Start;
        using SqliteConnection connection = Workspace.Connect(path);
        SyncDatabase sync = connection.ChunkSync();
        await foreach (Chunk chunk in sync.ReadAsync(new ChunkWindow(0), new ReadOptions { MaxChunkSize = Streams.ChunkSize }))
        {
            byte[] payload = chunk.Payload.ToArray();
            names.Add($"c/{from.DbVersion:x16}-{from.Seq:x16}-{from.Offset:x16}-{StoreNames.Hash(payload)[..16]}.clsy");
            Assert.Equal(payload, store.Objects[names[^1]]);
            from = chunk.Next;
        }

        Assert.InRange(names.Count, 66, 127);
        Assert.Equal(names.Count, done.Chunks);
        Assert.Equal(names.Count + 3, store.Objects.Count);
        JsonNode head = JsonNode.Parse(store.Objects["head.json"])!;
        JsonNode last = Part(head["last_part"]), first = Part(last["previous"]);
        Assert.Equal(names, first["chunks"]!.AsArray().Concat(last["chunks"]!.AsArray()).Select(chunk => (string?)chunk!["name"]));
        Assert.Equal(64, first["chunks"]!.AsArray().Count);
        Assert.Null(first["previous"]);
        Assert.Equal($"m/1-1-{StoreNames.Hash(store.Objects[(string)last["previous"]!])[..16]}.json", (string?)last["previous"]);
        Assert.Equal(
            $$"""{"site":"{{sync.Site}}","generation":1,"last_part":"{{head["last_part"]}}","cursor":"3.0.0","since":0,"until":3,"chunk_size":262144,"sites":"own","before":null,"complete":true}""",
            Encoding.UTF8.GetString(store.Objects["head.json"]));
        Assert.Equal(["name", "from", "next", "rows", "size", "sha256", "is_final"], first["chunks"]![0]!.AsObject().Select(member => member.Key));
    }

    [Fact]
    public async Task Nothing_is_written_when_nothing_is_new()
    {
        string path = workspace.Shop();
        Assert.True((await Streams.ExportAsync(path, store)).Head is { Complete: true, LastPart: null, Until: 0 });
        await NothingNewAsync(path);
        Workspace.Run(path, "INSERT INTO items VALUES ('a', 'apple', 1)");
        Assert.True((await Streams.ExportAsync(path, store)).Head is { Complete: true, Generation: 2, Since: 0, Until: 1, Before: null });
        await NothingNewAsync(path);
    }

    [Fact]
    public async Task New_generation_joins_the_one_before_when_something_is_new()
    {
        string path = workspace.Shop("shop.db", Streams.Fill(3));
        ExportHead first = (await Streams.ExportAsync(path, store)).Head;
        Workspace.Run(path, "INSERT INTO items VALUES ('a', 'apple', 1)", "INSERT INTO items VALUES ('b', 'banana', 1)");
        ExportHead second = (await Streams.ExportAsync(path, store)).Head;
        Assert.Equal((2, 1, 3, first.LastPart), (second.Generation, second.Since, second.Until, second.Before));
        Assert.Equal(first.LastPart, (string?)Part(second.LastPart)["previous"]);
        Assert.StartsWith("m/2-1-", second.LastPart, StringComparison.Ordinal);
        Workspace.Run(path, "DELETE FROM items WHERE id = 'a'");
        await Streams.ExportAsync(path, store);
        await EqualAsync(path);
    }

    [Fact]
    public async Task Restart_begins_a_generation_without_one_before()
    {
        string path = workspace.Shop("shop.db", Streams.Fill(3));
        await Streams.ExportAsync(path, store);
        ExportHead again = (await Streams.ExportAsync(path, store, new ExportRequest { Restart = true })).Head;
        Assert.Equal((2, 0, 1, null), (again.Generation, again.Since, again.Until, again.Before));
        Assert.Null(Part(again.LastPart)["previous"]);
        await EqualAsync(path);
        store.Objects["head.json"] = [1, 2, 3];
        Assert.Equal(1, (await Streams.ExportAsync(path, store, new ExportRequest { Restart = true })).Head.Generation);
    }

    [Fact]
    public async Task Export_is_refused_when_no_number_is_left_for_its_generation()
    {
        string path = workspace.Shop("shop.db", Streams.Fill(2));
        ExportRequest last = new() { Generation = long.MaxValue };
        Assert.Equal(long.MaxValue, (await Streams.ExportAsync(path, store, last)).Head.Generation);
        Workspace.Run(path, "INSERT INTO items VALUES ('a', 'apple', 1)");
        Assert.True((await Streams.ExportAsync(path, store, last)).IsNothing);
        byte[] head = store.Objects["head.json"];
        foreach (ExportRequest next in (ExportRequest[])[new(), new() { Restart = true }])
        {
            ToolException failure = await Assert.ThrowsAsync<ToolException>(() => Streams.ExportAsync(path, store, next));
            Assert.Equal(
                (ExitCode.Usage, "chunksync: memory: generation 9223372036854775807 of the export there is the last one; export it to another place"), (failure.Code, failure.Line));
            Assert.Equal(head, store.Objects["head.json"]);
        }
    }

    [Fact]
    public async Task Generation_is_reached_once_when_it_is_asked_for()
    {
        string path = workspace.Shop("shop.db", Streams.Fill(2));
        ExportRequest fifth = new() { Generation = 5 };
        Assert.Equal(5, (await Streams.ExportAsync(path, store, fifth)).Head.Generation);
        Workspace.Run(path, "INSERT INTO items VALUES ('a', 'apple', 1)");
        Assert.True((await Streams.ExportAsync(path, store, fifth)).IsNothing);
        Assert.Equal((6, 2), await GenerationAsync(path, new ExportRequest { Generation = 6 }));
        ToolException failure = await Assert.ThrowsAsync<ToolException>(() => Streams.ExportAsync(path, store, new ExportRequest { Generation = 6, Restart = true }));
        Assert.Equal((ExitCode.Usage, "chunksync: memory: generation 6 is not new, the export there has generation 6"), (failure.Code, failure.Line));
        await EqualAsync(path);
    }

    /// <summary>Every place in a small export, some in one of several parts.</summary>
    [Theory]
    [InlineData(4, 1)]
    [InlineData(70, 22)]
    public async Task Export_is_that_of_an_undisturbed_run_when_it_is_stopped_before_a_put(int rows, int step)
    {
        string path = workspace.Shop("shop.db", "INSERT INTO items VALUES ('a', 'apple', 1)", Streams.Fill(rows), "INSERT INTO notes VALUES ('long', randomblob(600000))");
        await Streams.ExportAsync(path, store);
        for (int puts = 0; puts < store.Puts; puts += step)
        {
            MemoryStore stopped = new() { PutsLeft = puts };
            await Assert.ThrowsAsync<OperationCanceledException>(() => Streams.ExportAsync(path, stopped));
            stopped.PutsLeft = -1;
            ExportResult rest = await Streams.ExportAsync(path, stopped);
            Assert.Equal(puts >= 66, rest.Resumed);
            Streams.Same(store.Objects, stopped.Objects);
        }
    }

    [Fact]
    public async Task Window_stays_when_the_database_is_written_to_between_two_runs()
    {
        string path = workspace.Shop("shop.db", Streams.Fill(75));
        store.PutsLeft = 70;
        await Assert.ThrowsAsync<OperationCanceledException>(() => Streams.ExportAsync(path, store));
        store.PutsLeft = -1;
        Workspace.Run(path, "UPDATE notes SET body = 'short' WHERE id IN ('k3', 'k66', 'k70', 'k75')", "INSERT INTO items VALUES ('a', 'apple', 1)");
        ExportResult rest = await Streams.ExportAsync(path, store);
        Assert.True(rest is { Resumed: true, Head: { Generation: 1, Until: 1, Complete: true } });
        Assert.True((await Streams.ExportAsync(path, store)).Head is { Generation: 2, Since: 1, Until: 3 });
        await EqualAsync(path);
    }

    [Fact]
    public async Task Window_ends_without_a_chunk_when_its_rest_has_been_written_again()
    {
        string path = workspace.Shop("shop.db", Streams.Fill(70));
        store.PutsLeft = 67;
        await Assert.ThrowsAsync<OperationCanceledException>(() => Streams.ExportAsync(path, store));
        store.PutsLeft = -1;
        Workspace.Run(path, "UPDATE notes SET body = 'short' || id");
        ExportResult rest = await Streams.ExportAsync(path, store);
        Assert.True(rest is { Resumed: true, Chunks: 0, Head: { Until: 1, Complete: true } });
        JsonNode end = Part(rest.Head.LastPart)["chunks"]![0]!;
        Assert.Equal((null, "1.0.0", 0, true), ((string?)end["name"], (string?)end["next"], (long)end["size"]!, (bool)end["is_final"]!));
        await Streams.ExportAsync(path, store);
        await EqualAsync(path);
        await EqualAsync(path, isReceive: true);
    }

    [Fact]
    public async Task Budget_ends_each_generation_and_all_together_are_the_stream()
    {
        string path = workspace.Shop("shop.db", Streams.Fill(3), Streams.Fill(2, "l"), Streams.Fill(70, "m"), "INSERT INTO items VALUES ('a', 'apple', 1)");
        ExportRequest request = new() { MaxWindowBytes = 300_000 };
        List<long> until = [];
        for (ExportResult done = await Streams.ExportAsync(path, store, request); !done.IsNothing; done = await Streams.ExportAsync(path, store, request))
        {
            until.Add(done.Head.Until);
            Assert.True(done.Head is { Complete: true, MaxWindowBytes: 300_000, WindowBytes: > 0 } || done.Head.Until == 4);
        }

        Assert.Equal([1, 2, 3, 4], until);
        await EqualAsync(path);

        // Stopped inside the transaction that is larger than the budget, and resumed.
        MemoryStore stopped = new() { PutsLeft = 7 + 4 + 66 };
        await Streams.ExportAsync(path, stopped, request);
        await Streams.ExportAsync(path, stopped, request);
        await Assert.ThrowsAsync<OperationCanceledException>(() => Streams.ExportAsync(path, stopped, request));
        stopped.PutsLeft = -1;
        Assert.True((await Streams.ExportAsync(path, stopped, request)) is { Resumed: true, Head.Until: 3 });
    }

    [Fact]
    public async Task Export_begins_and_ends_where_it_is_asked_to()
    {
        string path = workspace.Shop("shop.db", [.. Enumerable.Range(1, 9).Select(number => $"INSERT INTO items VALUES ('i{number}', 'name', {number})")]);
        ExportHead head = (await Streams.ExportAsync(path, store, new ExportRequest { From = ChunkCursor.Behind(2), Until = 5 })).Head;
        Assert.Equal((2, 5, new ChunkCursor(5, 0, 0)), (head.Since, head.Until, head.Cursor));
        Assert.True((await Streams.ExportAsync(path, store, new ExportRequest { Until = 5 })).IsNothing);
        Assert.True((await Streams.ExportAsync(path, store, new ExportRequest { Until = 4 })).IsNothing);
        head = (await Streams.ExportAsync(path, store, new ExportRequest { Until = 99 })).Head;
        Assert.Equal((5, 9), (head.Since, head.Until));
        MemoryStore inside = new();
        head = (await Streams.ExportAsync(path, inside, new ExportRequest { From = new ChunkCursor(4, 1, 0) })).Head;
        Assert.Equal((3, new ChunkCursor(4, 1, 0)), (head.Since, head.From));
        ExportChain chain = await new ExportReader(inside).ChainAsync(head, default, default);
        Assert.Equal(new ChunkCursor(4, 1, 0), chain.Begin);
    }

    [Fact]
    public async Task Request_is_refused_when_it_does_not_fit_what_is_there()
    {
        string path = workspace.Shop("shop.db", Streams.Fill(70));
        string older = workspace.At("older.db");
        File.Copy(workspace.Shop("seed.db"), older);
        string other = workspace.Shop("other.db", "INSERT INTO items VALUES ('a', 'apple', 1)");
        store.PutsLeft = 67;
        await Assert.ThrowsAsync<OperationCanceledException>(() => Streams.ExportAsync(path, store));
        store.PutsLeft = -1;
        await RefusesAsync(path, new() { ChunkSize = 500_000 }, ExitCode.Usage,
            "the window there was begun with chunks of 262144 bytes, not 500000; leave --chunk-size out, or use --restart");
        await Streams.ExportAsync(path, store);
        SiteId site = new(new byte[16]);
        await RefusesAsync(path, new() { Sites = ChunkSites.Only(site) }, ExitCode.Usage,
            $"the export there has the changes of 'own', not of 'only-{site}'; use --restart, or another place");
        await RefusesAsync(path, new() { From = new ChunkCursor(3, 0, 0) }, ExitCode.Usage,
            "the export there ends at 2.0.0: from 3.0.0 on there would be a hole; use --restart, or another place");
        string own = Workspace.Text(path, "SELECT lower(hex(cloudsync_siteid()))"), theirs = Workspace.Text(other, "SELECT lower(hex(cloudsync_siteid()))");
        await RefusesAsync(other, new(), ExitCode.Refused, $"the export there is that of site {own}, this database is {theirs}; use --restart, or another place");
    }

    [Fact]
    public async Task Export_is_refused_when_the_file_is_older_than_it()
    {
        string path = workspace.Shop("shop.db", "INSERT INTO items VALUES ('a', 'apple', 1)"), older = workspace.At("older.db");
        File.Copy(path, older);
        Workspace.Run(path, "INSERT INTO items VALUES ('b', 'banana', 1)");
        await Streams.ExportAsync(path, store);
        await RefusesAsync(older, new(), ExitCode.Refused,
            "the export there is ahead of this file (version 2, here 1): it is an older copy; run SELECT cloudsync_new_site() in it, then export it to another place");
    }

    public void Dispose() => workspace.Dispose();

    private async Task RefusesAsync(string path, ExportRequest request, ExitCode code, string line)
    {
        ToolException failure = await Assert.ThrowsAsync<ToolException>(() => Streams.ExportAsync(path, store, request));
        Assert.Equal((code, "chunksync: memory: " + line), (failure.Code, failure.Line));
    }

    private async Task<(long Generation, long Until)> GenerationAsync(string path, ExportRequest request)
    {
        ExportHead head = (await Streams.ExportAsync(path, store, request)).Head;
        return (head.Generation, head.Until);
    }

    private async Task NothingNewAsync(string path)
    {
        int puts = store.Puts;
        Assert.True((await Streams.ExportAsync(path, store)).IsNothing);
        Assert.Equal(puts, store.Puts);
    }

    /// <summary>A database that takes the whole export has the rows and clocks of the sender.</summary>
    private async Task EqualAsync(string path, bool isReceive = false)
    {
        string copy = workspace.Shop(Path.GetRandomFileName());
        string folder = workspace.At(Path.GetRandomFileName());
        foreach ((string name, byte[] bytes) in store.Objects)
        {
            string file = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllBytesAsync(file, bytes);
        }

        string[] arguments = ["apply", copy, folder, .. isReceive ? (string[])["--receive"] : []];
        (await Tool.RunAsync(arguments)).Expect(ExitCode.Done);
        Assert.Equal(Streams.State(path), Streams.State(copy));
        if (isReceive)
        {
            Assert.Equal("1", Workspace.Text(copy, "SELECT count(*) FROM cloudsync_receive_gaps"));
        }
    }

    private JsonNode Part(JsonNode? name) => Part((string?)name);

    private JsonNode Part(string? name) => JsonNode.Parse(store.Objects[name!])!;
}
