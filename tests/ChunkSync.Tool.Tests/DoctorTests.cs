using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;

namespace ChunkSync.Tool.Tests;

public sealed class DoctorTests : IDisposable
{
    private readonly Workspace workspace = new();

    /// <summary>Files that sqlite-sync 1.1.4 made lack the index by position, and nothing else.</summary>
    [Fact]
    public async Task Files_of_sqlite_sync_lack_only_their_position_index()
    {
        foreach (string fixture in (string[])["empty", "multirow_tx", "composite_pk", "types", "without_rowid", "quoted", "oversized"])
        {
            string file = workspace.Fixture(fixture);
            JsonObject found = (await Tool.RunAsync("doctor", file, "--deep", "--json")).Json;
            string[] bad = [.. found["findings"]!.AsArray().Where(finding => (string?)finding!["severity"] != "info").Select(finding => (string)finding!["id"]!)];
            Assert.True(bad.All(id => id is "D03" or "D08"), $"{fixture}: {found}");
            if (!bad.Contains("D08"))
            {
                (await Tool.RunAsync("doctor", file, "--deep", "--fix")).Expect(ExitCode.Done);
            }
        }
    }

    [Fact]
    public async Task Findings_are_those_of_cloudsync_check()
    {
        string file = workspace.Shop("shop.db", "INSERT INTO items VALUES ('a', 'apple', 1)", "DROP TRIGGER cloudsync_after_delete_items");
        JsonObject found = (await Tool.RunAsync("doctor", file, "--json")).Expect(ExitCode.Differs).Json;

        // Read-only, as the tool: a connection that can write puts triggers back.
        Assert.Equal(Workspace.Text(file + ";Mode=ReadOnly", "SELECT group_concat(id || text || cure) FROM cloudsync_check"),
            string.Join(",", found["findings"]!.AsArray().Select(finding => $"{finding!["id"]}{finding["text"]}{finding["cure"]}")));

        // The cure is not a repeated cloudsync_init: it is left to the user.
        (await Tool.RunAsync("doctor", file, "--fix")).Expect(ExitCode.Differs);
        Workspace.Run(file, "SELECT cloudsync_recapture('items')");
        (await Tool.RunAsync("doctor", file, "--deep")).Expect(ExitCode.Done);
    }

    [Fact]
    public async Task Info_alone_is_well()
    {
        string file = workspace.Shop("shop.db", "CREATE UNIQUE INDEX one_name ON items(name)");
        ToolRun run = (await Tool.RunAsync("doctor", file)).Expect(ExitCode.Done);
        Assert.StartsWith("D17 info ", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_is_named_when_it_lies_beside_the_file()
    {
        string file = workspace.Shop("shop.db", "PRAGMA journal_mode = WAL");
        using SqliteConnection open = Workspace.Connect(file);
        using SqliteCommand write = open.CreateCommand();
        write.CommandText = "INSERT INTO items VALUES ('a', 'apple', 1)";
        write.ExecuteNonQuery();
        ToolRun run = (await Tool.RunAsync("doctor", file)).Expect(ExitCode.Done);
        Assert.StartsWith("F02 info     a write-ahead log of ", run.Output, StringComparison.Ordinal);
    }

    /// <summary>As a killed program leaves it: the pages before, and a file that is half written.</summary>
    [Fact]
    public async Task Journal_is_named_when_a_writer_was_killed()
    {
        string file = workspace.Shop("shop.db", "INSERT INTO items VALUES ('a', 'apple', 1)");
        string killed = workspace.At("killed.db");
        using (SqliteConnection connection = Workspace.Connect(file))
        using (SqliteCommand write = connection.CreateCommand())
        {
            write.CommandText = "PRAGMA cache_size = 5; BEGIN; WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 3000)"
                + " INSERT INTO items SELECT 'k' || i, randomblob(300), i FROM c";
            write.ExecuteNonQuery();
            File.Copy(file, killed);
            File.Copy(file + "-journal", killed + "-journal");
        }

        foreach (string[] arguments in (string[][])[["doctor", killed], ["doctor", killed, "--json"]])
        {
            ToolRun run = (await Tool.RunAsync(arguments)).Expect(ExitCode.Differs);
            Assert.Contains("F01", run.Output, StringComparison.Ordinal);
        }

        (await Tool.RunAsync("status", killed)).Fails(ExitCode.Database, $"chunksync: {killed}: a writer was stopped in the middle, and the journal that it left beside the file can only be"
            + " rolled back by a writer; run again what was stopped, or open the file once with the sqlite3 shell");

        // The next writer puts it in order.
        Assert.Equal("1", Workspace.Text(killed, "SELECT count(*) FROM items"));
        (await Tool.RunAsync("doctor", killed, "--deep")).Expect(ExitCode.Done);
    }

    /// <summary>Garbage is refused or diagnosed, with a code that says so, and never a trace.</summary>
    [Fact]
    public async Task Damaged_files_end_with_a_code_and_no_trace()
    {
        string file = workspace.Shop("shop.db", "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 500) INSERT INTO items SELECT 'k' || i, hex(randomblob(20)), i FROM c");
        byte[] bytes = await File.ReadAllBytesAsync(file);
        Random random = new(Seed.Value);
        for (int turn = 0; turn < 12; turn++)
        {
            string damaged = workspace.At($"damaged{turn}.db");
            byte[] copy = [.. bytes];
            random.NextBytes(copy.AsSpan(random.Next(copy.Length - 2000), 2000));
            await File.WriteAllBytesAsync(damaged, copy);
            foreach (string command in (string[])["doctor", "status", "plan", "inspect"])
            {
                ToolRun run = await Tool.RunAsync([command, damaged, "--json", .. command == "doctor" ? (string[])["--deep"] : []]);
                Assert.True(run.Code is 0 or 1 or 3 or 4, $"CHUNKSYNC_SEED={Seed.Value}, {turn}, {command}: {run.Code} {run.Error}");
                Assert.True(run.Error.Split('\n').Length <= 2, run.Error);
                Assert.All(run.JsonLines, line => Assert.StartsWith("chunksync.", (string?)line["schema"], StringComparison.Ordinal));
            }
        }
    }

    public void Dispose() => workspace.Dispose();
}
