using System.Diagnostics;
using System.Text.Json.Nodes;
using ChunkSync.Client;
using Microsoft.Data.Sqlite;

namespace ChunkSync.Tool.Tests;

/// <summary>The commands <c>chunks</c>, <c>apply</c> and <c>sync</c>: what they print and how they end.</summary>
public sealed class StoreCommandTests : IDisposable
{
    private readonly Workspace workspace = new();

    private string Store => workspace.At("store");

    [Fact]
    public async Task Output_is_the_recorded_one_when_the_database_is_a_fixture()
    {
        string path = workspace.Fixture("relay_sites"), other = workspace.Fixture("empty");
        await Golden.CheckAsync(workspace, ExitCode.Done, "chunks.restart", "chunks", path, "--out", Store, "--restart");
        await Golden.CheckAsync(workspace, ExitCode.Done, "chunks.nothing", "chunks", path, "--out", Store);
        await Golden.CheckAsync(workspace, ExitCode.Done, "chunks.site", "chunks", path, "--out", workspace.At("but"), "--all-but-site", new string('0', 32), "--restart");
        await Golden.CheckAsync(workspace, ExitCode.Done, "apply.dry-run", "apply", path, Store, "--dry-run");
        await Golden.CheckAsync(workspace, ExitCode.Done, "apply.export", "apply", path, Store, "--no-checkpoint");
        Directory.CreateDirectory(workspace.At("shared"));
        Workspace.Run(other, "UPDATE cloudsync_site_id SET site_id = x'0190a5b0c0de79999999999999999999' WHERE rowid = 0");
        await Golden.CheckAsync(workspace, ExitCode.Done, "sync.first", "sync", path, workspace.At("shared"));
        await Golden.CheckAsync(workspace, ExitCode.Done, "sync.second", "sync", other, workspace.At("shared"));
        await Golden.CheckAsync(workspace, ExitCode.Done, "apply.receive", "apply", other, Path.Combine(workspace.At("shared"), "0190a5b0c0de7111a222333344445555"), "--receive");
    }

    [Fact]
    public async Task Apply_takes_a_payload_envelopes_standard_input_and_both_stores()
    {
        _ = S3Server.Shared;
        string path = workspace.Shop("shop.db", "INSERT INTO items VALUES ('a', 'apple', 1)", "INSERT INTO items VALUES ('b', 'banana', 1)", Streams.Fill(2));
        string bucket = $"s3://{Guid.NewGuid():N}/exports/shop";
        (await Tool.RunAsync("chunks", path, "--out", Store, "--chunk-size", "256K")).Expect(ExitCode.Done);
        (await Tool.RunAsync("chunks", path, "--out", bucket, "--chunk-size", "256K")).Expect(ExitCode.Done);
        string payload = workspace.At("payload.clsy"), envelopes = workspace.At("envelopes");
        await using (FileStream file = File.Create(envelopes))
        {
            using SqliteConnection connection = Workspace.Connect(path);
            await foreach (Chunk chunk in connection.ChunkSync().ReadAsync(new ChunkWindow(0)))
            {
                await chunk.ToEnvelope(connection.ChunkSync().Site).WriteToAsync(file);
                await File.WriteAllBytesAsync(payload, chunk.Payload);
            }
        }

        string expected = Streams.State(path);
        string[][] sources =
        [
            [Store], [bucket], [payload], [envelopes], [Store, "--receive"], [bucket, "--receive"], [envelopes, "--receive"], [Store, "--one-transaction"],
            [Store, "--receive", "--one-transaction"],
        ];
        foreach (string[] source in sources)
        {
            string copy = workspace.Shop(Path.GetRandomFileName());
            (await Tool.RunAsync(["apply", copy, .. source, "--dry-run"])).Expect(ExitCode.Done);
            Assert.Equal("0", Workspace.Text(copy, "SELECT count(*) FROM items"));
            (await Tool.RunAsync(["apply", copy, .. source])).Expect(ExitCode.Done);
            (await Tool.RunAsync(["apply", copy, .. source])).Expect(ExitCode.Done);
            Assert.Equal(expected, Streams.State(copy));
        }

        foreach (string file in (string[])[payload, envelopes])
        {
            string copy = workspace.Shop(Path.GetRandomFileName());
            ToolRun run = (await Tool.RunAsync(new ToolInput { Bytes = await File.ReadAllBytesAsync(file) }, "apply", copy, "-", "--json")).Expect(ExitCode.Done);
            Assert.Equal(6, (long?)run.Json["rows"]);
            Assert.Equal(expected, Streams.State(copy));
        }
    }

    [Fact]
    public async Task Apply_leaves_the_checkpoint_when_it_is_told_to()
    {
        string path = workspace.Shop("shop.db", "INSERT INTO items VALUES ('a', 'apple', 1)"), copy = workspace.Shop("copy.db");
        (await Tool.RunAsync("chunks", path, "--out", Store)).Expect(ExitCode.Done);
        (await Tool.RunAsync("apply", copy, Store, "--no-checkpoint")).Expect(ExitCode.Done);
        Assert.Equal("0", Workspace.Text(copy, "SELECT check_dbversion FROM cloudsync_status"));
        (await Tool.RunAsync("apply", copy, Store)).Expect(ExitCode.Done);
        Assert.Equal("1", Workspace.Text(copy, "SELECT check_dbversion FROM cloudsync_status"));
    }

    [Fact]
    public async Task Foreign_keys_may_wait_for_later_chunks_when_all_is_one_transaction()
    {
        string[] tables =
        [
            "CREATE TABLE parent(id TEXT PRIMARY KEY NOT NULL)",
            "CREATE TABLE child(id TEXT PRIMARY KEY NOT NULL, parent TEXT REFERENCES parent(id))",
            "SELECT cloudsync_init('parent')", "SELECT cloudsync_init('child')",
        ];
        string path = workspace.Shop("shop.db", [.. tables, "PRAGMA foreign_keys = OFF", "INSERT INTO child VALUES ('c', 'p')", "INSERT INTO parent VALUES ('p')"]);
        string copy = workspace.Shop("copy.db", tables);
        (await Tool.RunAsync("chunks", path, "--out", Store, "--window-bytes", "1")).Expect(ExitCode.Done);
        (await Tool.RunAsync("chunks", path, "--out", Store, "--window-bytes", "1")).Expect(ExitCode.Done);
        (await Tool.RunAsync("apply", copy, Store, "--one-transaction")).Expect(ExitCode.Done);
        Assert.Equal("p", Workspace.Text(copy, "SELECT parent FROM child"));
    }

    [Fact]
    public async Task Only_what_is_missing_is_received_when_an_export_grows()
    {
        string path = workspace.Shop("shop.db", Streams.Fill(5)), copy = workspace.Shop("copy.db");
        (await Tool.RunAsync("chunks", path, "--out", Store, "--chunk-size", "256K")).Expect(ExitCode.Done);
        (await Tool.RunAsync("apply", copy, Store, "--receive")).Expect(ExitCode.Done);
        Workspace.Run(path, Streams.Fill(2, "l"));
        (await Tool.RunAsync("chunks", path, "--out", Store)).Expect(ExitCode.Done);
        ToolRun more = (await Tool.RunAsync("apply", copy, Store, "--receive", "--json")).Expect(ExitCode.Done);
        Assert.Equal(2, (long?)more.Json["chunks"]);
        ToolRun nothing = (await Tool.RunAsync("apply", copy, Store, "--receive")).Expect(ExitCode.Done);
        Assert.Equal($"nothing to apply in {Store}\n", nothing.Output);
        Assert.Equal(Streams.State(path), Streams.State(copy));
    }

    [Fact]
    public async Task Sync_takes_the_other_streams_when_one_is_damaged_and_ends_with_its_failure()
    {
        Directory.CreateDirectory(Store);
        string[] devices = [workspace.Shop("a.db", "INSERT INTO items VALUES ('a', 'apple', 1)"), workspace.Shop("b.db", "INSERT INTO items VALUES ('b', 'banana', 1)"), workspace.Shop("c.db")];
        foreach (string device in devices[..2])
        {
            (await Tool.RunAsync("sync", device, Store)).Expect(ExitCode.Done);
        }

        string damaged = Directory.GetDirectories(Store).Order(StringComparer.Ordinal).First();
        await File.WriteAllTextAsync(Path.Combine(damaged, "head.json"), "{}");
        await File.WriteAllTextAsync(Path.Combine(Store, "README"), "not a stream");
        Directory.CreateDirectory(Path.Combine(Store, "other things"));
        Directory.CreateDirectory(Path.Combine(Store, new string('A', 32)));
        ToolRun run = await Tool.RunAsync("sync", devices[2], Store);
        run.Fails(ExitCode.Refused, $"chunksync: {damaged}/head.json: it is no such JSON (at $); export it again with --restart");
        Assert.Equal("1", Workspace.Text(devices[2], "SELECT count(*) FROM items"));
    }

    [Fact]
    public async Task Sync_takes_what_lies_behind_a_chunk_that_is_missing_or_changed()
    {
        Directory.CreateDirectory(Store);
        string path = workspace.Shop("a.db"), peer = workspace.Shop("b.db");
        for (int i = 0; i < 5; i++)
        {
            Workspace.Run(path, $"INSERT INTO items VALUES ('{i}', 'name', 1)");
            (await Tool.RunAsync("sync", path, Store)).Expect(ExitCode.Done);
        }

        string own = Path.Combine(Store, Workspace.Text(path, "SELECT lower(hex(cloudsync_siteid()))"));
        string[] chunks = [.. Directory.GetFiles(Path.Combine(own, "c")).Order(StringComparer.Ordinal)];
        File.Delete(chunks[1]);
        await File.AppendAllTextAsync(chunks[3], "changed");
        for (int run = 0; run < 2; run++)
        {
            Assert.EndsWith(": it is missing; export it again with --restart\n", (await Tool.RunAsync("sync", peer, Store)).Expect(ExitCode.Refused).Error, StringComparison.Ordinal);
            Assert.Equal("024", Workspace.Text(peer, "SELECT group_concat(id, '') FROM (SELECT id FROM items ORDER BY id)"));
        }

        (await Tool.RunAsync("chunks", path, "--out", own, "--restart")).Expect(ExitCode.Done);
        (await Tool.RunAsync("sync", peer, Store)).Expect(ExitCode.Done);
        (await Tool.RunAsync("verify", path, peer)).Expect(ExitCode.Done);
        (await Tool.RunAsync("sync", path, Store)).Expect(ExitCode.Done);
    }

    [Fact]
    public async Task Sync_says_that_a_stream_is_not_there_when_something_of_it_arrived_before()
    {
        string shared = Directory.CreateDirectory(workspace.At("shared")).FullName;
        string path = workspace.Shop("a.db", "INSERT INTO items VALUES ('a', 'apple', 1)"), peer = workspace.Shop("b.db");
        string site = Workspace.Text(path, "SELECT lower(hex(cloudsync_siteid()))"), own = Path.Combine(shared, site);
        Directory.CreateDirectory(own);
        ToolRun run = (await Tool.RunAsync("sync", peer, shared)).Expect(ExitCode.Done);
        Assert.Equal("push: nothing new\n", run.Output);
        (await Tool.RunAsync("sync", path, shared)).Expect(ExitCode.Done);
        (await Tool.RunAsync("sync", peer, shared)).Expect(ExitCode.Done);
        File.Delete(Path.Combine(own, "head.json"));
        run = (await Tool.RunAsync("sync", peer, shared)).Expect(ExitCode.Done);
        Assert.Equal($"push: nothing new\npull {site}: {shared} has no stream of it now\n", run.Output);
        JsonNode pulled = Assert.Single((await Tool.RunAsync("sync", peer, shared, "--json")).Expect(ExitCode.Done).Json["pulled"]!.AsArray())!;
        Assert.Equal((site, true, 0, "2.0.0"), ((string?)pulled["site_id"], (bool?)pulled["missing"], (long?)pulled["chunks"], (string?)pulled["next"]));
        (await Tool.RunAsync("sync", path, shared)).Expect(ExitCode.Done);
        run = (await Tool.RunAsync("sync", peer, shared)).Expect(ExitCode.Done);
        Assert.Equal($"push: nothing new\npull {site}: nothing new\n", run.Output);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Sync_receives_and_names_the_command_that_helps_when_its_own_stream_is_damaged(bool isRemembered)
    {
        string shared = Directory.CreateDirectory(workspace.At("a folder")).FullName;
        string path = workspace.Shop("it's a.db", "INSERT INTO items VALUES ('a', 'apple', 1)"), peer = workspace.Shop("b.db", "INSERT INTO items VALUES ('b', 'banana', 1)");
        string own = Path.Combine(shared, Workspace.Text(path, "SELECT lower(hex(cloudsync_siteid()))"));
        foreach (string file in (string[])[path, peer])
        {
            (await Tool.RunAsync("sync", file, shared)).Expect(ExitCode.Done);
        }

        if (!isRemembered)
        {
            Workspace.Run(path, "DELETE FROM cloudsync_settings WHERE key LIKE 'chunksync_pushed:%'");
        }

        string part = Assert.Single(Directory.GetFiles(Path.Combine(own, "m")));
        File.Delete(part);
        string quoted = path.Replace("'", "'\\''", StringComparison.Ordinal);
        (await Tool.RunAsync("sync", path, shared)).Fails(ExitCode.Refused, $"chunksync: {part}: it is missing; run chunksync chunks '{quoted}' --out '{own}' --restart");

        // A file that does not remember to have written the stream can be a copy: what it received would hide that.
        Assert.Equal(isRemembered ? "2" : "1", Workspace.Text(path, "SELECT count(*) FROM items"));
        (await Tool.RunAsync("chunks", path, "--out", own, "--restart")).Expect(ExitCode.Done);
        (await Tool.RunAsync("sync", path, shared)).Expect(ExitCode.Done);
        (await Tool.RunAsync("sync", peer, shared)).Expect(ExitCode.Done);
        (await Tool.RunAsync("verify", path, peer)).Expect(ExitCode.Done);
    }

    [Fact]
    public async Task Export_goes_on_when_its_chunks_have_a_size_that_is_not_taken_any_more()
    {
        string path = workspace.Shop("shop.db", "INSERT INTO items VALUES ('a', 'apple', 1)"), head = Path.Combine(Store, "head.json");
        (await Tool.RunAsync("chunks", path, "--out", Store, "--chunk-size", "256K")).Expect(ExitCode.Done);
        await File.WriteAllTextAsync(head, (await File.ReadAllTextAsync(head)).Replace("\"chunk_size\":262144", "\"chunk_size\":1", StringComparison.Ordinal));
        Workspace.Run(path, "INSERT INTO items VALUES ('b', 'banana', 1)");
        ToolRun run = (await Tool.RunAsync("chunks", path, "--out", Store, "--json")).Expect(ExitCode.Done);
        Assert.Equal(1, (long?)run.Json["chunks"]);
    }

    [Fact]
    public async Task Failure_is_one_line_and_one_object_whatever_is_wrong()
    {
        string path = workspace.Shop("shop.db", "INSERT INTO items VALUES ('a', 'apple', 1)"), untracked = workspace.At("untracked.db");
        Workspace.Run(untracked, "CREATE TABLE t(a)");
        await FailsAsync(ExitCode.Usage, "chunks: --resume and --restart exclude each other; see chunksync chunks --help", "chunks", path, "--out", Store, "--resume", "--restart");
        await FailsAsync(ExitCode.Usage, "chunks: --generation 0 is no number of a generation; see chunksync chunks --help", "chunks", path, "--out", Store, "--generation", "0");
        foreach (string size in (string[])["0", "1", "262143", "33M"])
        {
            await FailsAsync(ExitCode.Usage, $"plan: --chunk-size {size} is not from 256K to 32M (262,144 to 33,554,432 bytes); see chunksync plan --help", "plan", path, "--chunk-size", size);
        }

        await FailsAsync(ExitCode.Usage, "plan: --chunk-size much is no BYTES; see chunksync plan --help", "plan", path, "--chunk-size", "much");
        await FailsAsync(ExitCode.Usage, "chunks: Option '--out' is required; see chunksync chunks --help", "chunks", path);
        await FailsAsync(ExitCode.Usage, "apply: --receive and --no-checkpoint exclude each other: receiving knows where the checkpoint may move; see chunksync apply --help", "apply", path, Store, "--receive", "--no-checkpoint");
        await FailsAsync(ExitCode.Database, $"{untracked}: no table is tracked; chunksync init {untracked} TABLE tracks one", "sync", untracked, workspace.Folder);
        await FailsAsync(ExitCode.InputOutput, $"{Store}: there is no such file or folder", "apply", path, Store);
        await FailsAsync(ExitCode.InputOutput, $"{workspace.Folder}: there is no export here (head.json is missing)", "apply", path, workspace.Folder);
        await FailsAsync(ExitCode.InputOutput, $"{Store}: the folder does not exist; make it, or mount what it is on", "sync", path, Store);
        await FailsAsync(ExitCode.InputOutput, $"{workspace.At("no")}: the folder does not exist; make it, or mount what it is on", "chunks", path, "--out", workspace.At("no/where"));
        await FailsAsync(ExitCode.InputOutput, $"{path}: it is a file, not a folder; give the path of a folder", "chunks", path, "--out", path);
        await FailsAsync(ExitCode.InputOutput, $"{workspace.Folder}: it is a folder; give the path of a payload; c/ in an export has some", "dump", workspace.Folder);
        await FailsAsync(ExitCode.Refused, "standard input: it is empty; give a payload, envelopes, or the folder of an export", "apply", path, "-");
        string payload = workspace.At("payload");
        await File.WriteAllTextAsync(payload, "CSF1 this is no envelope, though it begins like one, and is long enough to be one: it has all of ninety-six bytes");
        await FailsAsync(ExitCode.Refused, $"{payload}, chunk 1: ", "apply", path, payload);
        await File.WriteAllTextAsync(payload, "this is nothing at all");
        await FailsAsync(ExitCode.Refused, $"{payload}: ", "apply", path, payload);
        await FailsAsync(ExitCode.Refused, $"{payload}: ", "apply", path, payload, "--dry-run");
        await FailsAsync(ExitCode.Usage, $"{payload}: a payload alone says nothing of its place in a stream; leave --receive out, or give envelopes or an export", "apply", path, payload, "--receive");
        (await Tool.RunAsync("chunks", path, "--out", Store)).Expect(ExitCode.Done);
        string copy = workspace.Shop("copy.db");
        using SqliteConnection writer = Workspace.Connect(copy);
        using SqliteCommand begin = writer.CreateCommand();
        begin.CommandText = "BEGIN IMMEDIATE";
        begin.ExecuteNonQuery();
        foreach (string[] options in (string[][])[[], ["--receive"], ["--one-transaction"], ["--receive", "--one-transaction"]])
        {
            await FailsAsync(ExitCode.Busy, "", ["apply", copy, Store, "--busy-timeout", "1", .. options]);
        }
    }

    [Fact]
    public async Task Progress_ends_with_all_bytes_and_is_never_above()
    {
        string path = workspace.Shop("shop.db", Streams.Fill(20)), copy = workspace.Shop("copy.db");
        Directory.CreateDirectory(workspace.At("shared"));
        string[][] commands =
        [
            ["chunks", path, "--out", Store, "--chunk-size", "256K"], ["apply", copy, Store], ["apply", copy, Store, "--dry-run"], ["apply", copy, Store, "--receive"],
            ["sync", path, workspace.At("shared")],
        ];
        foreach (string[] command in commands)
        {
            ToolRun run = (await Tool.RunAsync([.. command, "--progress", "json"])).Expect(ExitCode.Done);
            JsonNode[] lines = [.. run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
            Assert.NotEmpty(lines);
            Assert.All(lines, line => Assert.True((long)line["done_bytes"]! <= ((long?)line["total_bytes"] ?? long.MaxValue)));
            Assert.Equal((long)lines[^1]["done_bytes"]!, (long?)lines[^1]["total_bytes"]);
            Assert.True((long)lines[^1]["done_bytes"]! > 0, command[0]);
            Assert.Equal("", (await Tool.RunAsync([.. command, "--progress", "bar"])).Error);
        }
    }

    [Fact]
    public async Task Bar_is_drawn_on_a_terminal_and_nowhere_else()
    {
        string path = workspace.Shop("shop.db", Streams.Fill(3));
        ProcessStartInfo start = new("script", ["-qefc", $"dotnet {Tool.ProgramFile} chunks {path} --out {Store}", "/dev/null"]) { RedirectStandardOutput = true };
        start.Environment["TERM"] = "xterm-256color";
        using Process process = Process.Start(start)!;
        string shown = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        Assert.Contains("100%", shown, StringComparison.Ordinal);
        Assert.Contains("generation 1: window 1 – 1, complete", shown, StringComparison.Ordinal);
        Assert.Equal("", (await Tool.RunProcessAsync("chunks", path, "--out", workspace.At("pipe"))).Error);
    }

    [Fact]
    public async Task Sync_and_export_say_that_the_disk_is_full_and_go_on_when_there_is_room()
    {
        string path = workspace.Shop("shop.db", "INSERT INTO notes VALUES ('long', randomblob(900000))"), small = Directory.CreateDirectory(workspace.At("small")).FullName;
        if (!SmallDisk.TryMount(small, kilobytes: 600))
        {
            return;
        }

        try
        {
            ToolRun run = await Tool.RunAsync("chunks", path, "--out", small, "--chunk-size", "256K");
            Assert.Equal((int)ExitCode.InputOutput, run.Code);
            Assert.EndsWith(": the disk is full\n", run.Error, StringComparison.Ordinal);
            Assert.True((await Tool.RunAsync("sync", path, small)).Code == (int)ExitCode.InputOutput);
            Assert.DoesNotContain(Streams.Files(small).Keys, name => name.EndsWith(".tmp", StringComparison.Ordinal));
            SmallDisk.Remount(small, "size=9000k");
            (await Tool.RunAsync("chunks", path, "--out", small, "--chunk-size", "256K")).Expect(ExitCode.Done);
            File.Copy(workspace.Shop("receiver.db"), workspace.At("small/receiver.db"));
            SmallDisk.Remount(small, "size=1500k");
            string other = workspace.Shop("other.db", "INSERT INTO notes VALUES ('long', randomblob(900000)), ('more', randomblob(900000))");
            (await Tool.RunAsync("chunks", other, "--out", workspace.At("more"))).Expect(ExitCode.Done);
            run = (await Tool.RunAsync("apply", workspace.At("small/receiver.db"), workspace.At("more"))).Expect(ExitCode.InputOutput);
            Assert.Matches($@"\Achunksync: {workspace.At("small/receiver.db")}: database or disk is full[^\n]*; make room on the disk\n\z", run.Error);
            SmallDisk.Remount(small, "ro");
            Workspace.Run(path, "INSERT INTO items VALUES ('a', 'apple', 1)");
            run = (await Tool.RunAsync("chunks", path, "--out", small)).Expect(ExitCode.InputOutput);
            Assert.EndsWith(": the file system is read-only\n", run.Error, StringComparison.Ordinal);
        }
        finally
        {
            SmallDisk.Unmount(small);
        }
    }

    public void Dispose() => workspace.Dispose();

    private static async Task FailsAsync(ExitCode code, string begin, params string[] arguments)
    {
        ToolRun text = (await Tool.RunAsync(arguments)).Expect(code);
        Assert.Matches(@"\Achunksync: [^\n]+\n\z", text.Error);
        Assert.StartsWith("chunksync: " + begin, text.Error, StringComparison.Ordinal);
        Assert.Equal("", text.Output);
        ToolRun json = (await Tool.RunAsync([.. arguments, "--json"])).Expect(code);
        Assert.Equal(("chunksync.error.v1", (int)code), ((string?)json.Json["schema"], (int)json.Json["code"]!));
    }
}
