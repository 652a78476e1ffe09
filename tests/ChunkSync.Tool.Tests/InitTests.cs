using System.Text.Json.Nodes;

namespace ChunkSync.Tool.Tests;

public sealed class InitTests : IDisposable
{
    private readonly Workspace workspace = new();

    [Fact]
    public async Task Nothing_is_tracked_when_one_of_the_tables_cannot_be()
    {
        string file = workspace.At("new.db");
        Workspace.Run(file, "CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL)", "CREATE TABLE plain(a)");
        ToolRun run = (await Tool.RunAsync("init", file, "items", "plain")).Expect(ExitCode.Database);
        Assert.StartsWith($"chunksync: {file}: plain: Rowid only tables are not supported", run.Error, StringComparison.Ordinal);
        Assert.Equal("0", Workspace.Text(file, "SELECT count(*) FROM sqlite_master WHERE name LIKE '%cloudsync%'"));
    }

    [Fact]
    public async Task Table_is_listed_once_when_it_is_named_twice()
    {
        string file = workspace.At("new.db");
        Workspace.Run(file, "CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL)", "CREATE TABLE ä(id TEXT PRIMARY KEY NOT NULL)", "CREATE TABLE Ä(id TEXT PRIMARY KEY NOT NULL)");
        ToolRun run = (await Tool.RunAsync("init", file, "items", "ä", "Items", "items", "Ä", "--json")).Expect(ExitCode.Done);
        Assert.Equal(["items", "ä", "Ä"], run.Json["tables"]!.AsArray().Select(table => (string?)table!["table"]));
    }

    [Theory]
    [InlineData("id INTEGER PRIMARY KEY", "--allow-integer-key")]
    [InlineData("id TEXT PRIMARY KEY NOT NULL, a TEXT NOT NULL", "--allow-not-null")]
    [InlineData("id TEXT PRIMARY KEY NOT NULL COLLATE NOCASE", "--allow-collation")]
    public async Task Option_allows_what_its_error_names(string columns, string option)
    {
        string file = workspace.At("new.db");
        Workspace.Run(file, $"CREATE TABLE items({columns})");
        ToolRun run = (await Tool.RunAsync("init", file, "items")).Expect(ExitCode.Database);
        Assert.EndsWith($"; change the table, or take it as it is with {option}\n", run.Error, StringComparison.Ordinal);
        (await Tool.RunAsync("init", file, "items", option)).Expect(ExitCode.Done);
        Assert.Equal("1", Workspace.Text(file, "SELECT cloudsync_is_enabled('items')"));
    }

    [Fact]
    public async Task Rows_are_captured_in_slices_when_asked_and_progress_ends_with_all()
    {
        string file = workspace.At("new.db");
        Workspace.Run(file, "CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, a)",
            "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 2500) INSERT INTO items SELECT 'k' || i, i FROM c");
        ToolRun run = (await Tool.RunAsync("init", file, "items", "--sliced", "--progress", "json")).Expect(ExitCode.Done);
        JsonNode[] lines = [.. run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
        Assert.True(lines.Length >= 4, run.Error);
        Assert.All(lines, line => Assert.True((long)line["done_rows"]! <= (long)line["total_rows"]!, run.Error));
        Assert.Equal(2500, (long)lines[^1]["done_rows"]!);
        Assert.Equal("2500", Workspace.Text(file, "SELECT count(*) FROM items_cloudsync"));
        Assert.Equal("0", Workspace.Text(file, "SELECT count(*) FROM cloudsync_check(NULL, 1)"));
    }

    [Fact]
    public async Task Only_some_rows_are_tracked_when_a_filter_is_given()
    {
        string file = workspace.At("new.db");
        Workspace.Run(file, "CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, a)", "INSERT INTO items VALUES ('in', 5), ('out', 0)");
        (await Tool.RunAsync("init", file, "items", "--filter", "a > 1 AND nothing = 2")).Expect(ExitCode.Usage);
        (await Tool.RunAsync("init", file, "items", "--filter", "a > 1")).Expect(ExitCode.Done);
        Assert.Equal("1", Workspace.Text(file, "SELECT count(*) FROM cloudsync_changes"));
        Workspace.Run(file, "CREATE TABLE more(id TEXT PRIMARY KEY NOT NULL)");
        (await Tool.RunAsync("init", file, "items", "more", "--filter", "a > 1")).Expect(ExitCode.Usage);
        (await Tool.RunAsync("init", file, "--filter", "a > 1")).Expect(ExitCode.Usage);
    }

    [Fact]
    public async Task Rows_are_never_deleted_when_the_table_only_grows()
    {
        string file = workspace.At("new.db");
        Workspace.Run(file, "CREATE TABLE log(id TEXT PRIMARY KEY NOT NULL)");
        (await Tool.RunAsync("init", file, "log", "--algo", "gos")).Expect(ExitCode.Done);
        Assert.Equal("gos", Workspace.Text(file, "SELECT value FROM cloudsync_table_settings WHERE key = 'algo'"));
        (await Tool.RunAsync("init", file, "log", "--algo", "dws")).Expect(ExitCode.Usage);
    }

    public void Dispose() => workspace.Dispose();
}
