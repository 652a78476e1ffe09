using ChunkSync.Client;

namespace ChunkSync.Tool.Tests;

/// <summary>Every command's output, as text and as JSON, on recorded databases.</summary>
public sealed class GoldenTests : IDisposable
{
    private readonly Workspace workspace = new();

    [Theory]
    [InlineData("relay_sites")]
    [InlineData("deletes_resurrects")]
    public Task Status_is_the_recorded_one(string fixture) => CheckAsync("status." + fixture, "status", workspace.Fixture(fixture));

    /// <summary>The first chunk of a sender has not arrived.</summary>
    [Fact]
    public async Task Status_of_a_receiver_is_the_recorded_one()
    {
        string sender = workspace.Shop("sender.db", "INSERT INTO items VALUES ('a', 'apple', 1)", "INSERT INTO items VALUES ('b', 'banana', 2)");
        string receiver = workspace.Shop("receiver.db");
        using (Microsoft.Data.Sqlite.SqliteConnection from = Workspace.Connect(sender), to = Workspace.Connect(receiver))
        {
            await foreach (Chunk chunk in from.ChunkSync().ReadAsync(new ChunkWindow(since: 1)))
            {
                await to.ChunkSync().ReceiveAsync(chunk.ToEnvelope(from.ChunkSync().Site));
            }
        }

        await CheckAsync("status.receiver", "status", receiver);
    }

    [Fact]
    public Task Inspect_is_the_recorded_one() => CheckAsync("inspect", "inspect", workspace.Fixture("composite_pk"));

    [Fact]
    public Task Inspect_of_a_table_is_the_recorded_one() => CheckAsync("inspect.values", "inspect", workspace.Fixture("types"), "T", "--values");

    [Fact]
    public Task Inspect_of_a_row_is_the_recorded_one() => CheckAsync("inspect.row", "inspect", workspace.Fixture("composite_pk"), "ord", "'k2',-600,0.0,x'0202'");

    [Fact]
    public Task Plan_is_the_recorded_one() => CheckAsync("plan", "plan", workspace.Fixture("oversized"), "--chunk-size", "256K");

    [Fact]
    public Task Plan_of_nothing_is_the_recorded_one() => CheckAsync("plan.nothing", "plan", workspace.Fixture("empty"));

    [Fact]
    public Task Dump_is_the_recorded_one() => CheckAsync("dump", "dump", Payload("deletes_resurrects"));

    [Fact]
    public Task Dump_of_the_header_is_the_recorded_one() => CheckAsync("dump.header", "dump", Payload("types"), "--header");

    [Fact]
    public Task Dump_in_hex_is_the_recorded_one() => CheckAsync("dump.hex", "dump", Payload("quoted"), "--hex");

    [Fact]
    public Task Dump_of_a_part_is_the_recorded_one() => CheckAsync("dump.part", "dump", Payload("oversized", 262_144, 4));

    [Fact]
    public Task Doctor_is_the_recorded_one() => Golden.CheckAsync(workspace, ExitCode.Differs, "doctor", "doctor", workspace.Fixture("relay_sites"));

    [Fact]
    public async Task Doctor_finds_nothing_when_the_database_is_healthy()
    {
        string file = workspace.Fixture("relay_sites");
        Workspace.Run(file, "SELECT cloudsync_init('t')");
        await CheckAsync("doctor.healthy", "doctor", file, "--deep");
    }

    [Fact]
    public async Task Doctor_is_the_recorded_one_when_it_fixes()
    {
        string file = workspace.Fixture("relay_sites");
        ToolRun text = (await Tool.RunAsync("doctor", file, "--fix")).Expect(ExitCode.Done);
        Assert.Equal("fixed: SELECT cloudsync_init('t');\nnothing found\n", text.Output);
    }

    [Fact]
    public async Task Init_without_a_table_is_the_recorded_one()
    {
        string file = workspace.Fixture("relay_sites");
        Workspace.Run(file, "CREATE TABLE number(id INTEGER PRIMARY KEY, a)", "CREATE TABLE plain(a, b)", "CREATE TABLE good(id TEXT PRIMARY KEY NOT NULL)",
            "CREATE TABLE required(id TEXT PRIMARY KEY NOT NULL, a TEXT NOT NULL)", "CREATE TABLE folded(id TEXT PRIMARY KEY NOT NULL COLLATE NOCASE)",
            "CREATE VIRTUAL TABLE words USING fts5(a)");
        await CheckAsync("init.choices", "init", file);
    }

    [Fact]
    public async Task Init_is_the_recorded_one()
    {
        string file = workspace.At("new.db");
        Workspace.Run(file, "CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, name)", "CREATE TABLE notes(id TEXT PRIMARY KEY NOT NULL)");
        await CheckAsync("init", "init", file, "items", "notes");
    }

    [Fact]
    public async Task Verify_is_the_recorded_one()
    {
        (string a, string b) = Pair();
        await Golden.CheckAsync(workspace, ExitCode.Differs, "verify", "verify", a, b);
        await CheckAsync("verify.equal", "verify", a, a);
    }

    [Fact]
    public Task Verify_of_pages_is_the_recorded_one() =>
        CheckAsync("verify.paging", "verify", workspace.Fixture("oversized"), "--paging", "--every-cut", "--chunk-size", "256K");

    [Fact]
    public async Task Diff_is_the_recorded_one()
    {
        (string a, string b) = Pair();
        await Golden.CheckAsync(workspace, ExitCode.Differs, "diff", "diff", a, b, "--limit", "3", "--payload", workspace.At("lack.bin"));
        await CheckAsync("diff.equal", "diff", a, a);
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("pwsh")]
    public Task Completion_is_the_recorded_one(string shell) => CheckAsync("completion." + shell, "completion", shell);

    public void Dispose() => workspace.Dispose();

    private Task CheckAsync(string name, params string[] arguments) => Golden.CheckAsync(workspace, ExitCode.Done, name, arguments);

    /// <summary>A payload of a recorded database, in a file.</summary>
    private string Payload(string fixture, int chunkSize = 5 << 20, int index = 0)
    {
        string file = workspace.At(fixture + ".clsy");
        using Microsoft.Data.Sqlite.SqliteConnection connection = Workspace.Connect(workspace.Fixture(fixture));
        using Microsoft.Data.Sqlite.SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_chunk_size = {chunkSize} LIMIT 1 OFFSET {index}";
        File.WriteAllBytes(file, (byte[])command.ExecuteScalar()!);
        return file;
    }

    /// <summary>Two copies of a database, one of which went on.</summary>
    private (string A, string B) Pair()
    {
        string a = workspace.Fixture("relay_sites");
        string b = workspace.At("b.db");
        File.Copy(a, b);
        Workspace.Run(b, "UPDATE t SET a = 'changed' WHERE id = 'b0'", "DELETE FROM t WHERE id = 'own3'", "INSERT INTO t VALUES ('new', x'00ff', 1.5)",
            "UPDATE t SET b = 'line' || char(10) || char(27) WHERE id = 'own2'");
        return (a, b);
    }
}
