using System.Text.Json;
using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

/// <summary>Merges that sqlite-sync 1.1.4 was recorded with.</summary>
public class MergeFixtureTests
{
    private const string LocalSite = "0190a5b0c0de7111a222333344445555";
    private const string Receiver = "0190a5b0c0de7333c444555566667777";

    public static TheoryData<string> Applied =>
        ["composite_pk", "deletes_resurrects", "empty", "multirow_tx", "oversized", "quoted", "relay_sites", "types", "without_rowid"];

    [Fact]
    public void Merge_ends_as_recorded_when_one_change_is_inserted()
    {
        using TempFile file = new();
        Database.OpenWithSite(
            file.Path, LocalSite, "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b)", "SELECT cloudsync_init('t')").Dispose();
        int number = 0;
        foreach (JsonElement test in Lines("merge_cases.jsonl"))
        {
            using TempFile copy = new(file.Path);
            using Database database = Database.Open(copy.Path);
            foreach (JsonElement setup in test.GetProperty("setup").EnumerateArray())
            {
                database.Run(setup[0].GetString()!, [.. setup[1].EnumerateArray().Select(FixtureValues.Parse)]);
            }

            if (!CanComeFromAPeer(test.GetProperty("incoming")))
            {
                database.Deviates(Deviation.Damaged, "clocks end as recorded, whatever they say");
            }

            string context = $"case {number++} {test.GetProperty("kind")}: ";
            string expected = context + Result(test.GetProperty("result"));
            string actual = context + Try(() => Insert(database, test.GetProperty("incoming")));
            Assert.True(expected == actual || actual.StartsWith(expected + ": ", StringComparison.Ordinal), expected + " <> " + actual);
            Assert.Equal(context + Describe(test.GetProperty("rows")), context + Rows(database, "SELECT * FROM t ORDER BY id"));
            Assert.Equal(context + Meta(test.GetProperty("meta")), context + Meta(database, "t"));
            Assert.Equal(test.GetProperty("db_version").GetInt64(), database.Scalar("SELECT cloudsync_db_version()"));
        }
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("stop", false)]
    [InlineData("stop", true)]
    public void Apply_ends_as_recorded_when_payloads_are_damaged(string? refused, bool inTransaction)
    {
        using TempFile file = new();
        Database.OpenWithSite(
            file.Path, Receiver, "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a CHECK(a<>666), b)", "SELECT cloudsync_init('t')").Dispose();
        foreach (JsonElement test in Lines("apply_errors.jsonl"))
        {
            using TempFile copy = new(file.Path);
            using Database database = Database.Open(copy.Path);
            string context = test.GetProperty("name").GetString() + ": ";
            database.Run("SELECT cloudsync_set('apply_refused', ?)", refused);
            database.Exec(inTransaction ? "BEGIN" : "");
            foreach ((JsonElement payload, JsonElement result) in test.GetProperty("payloads").EnumerateArray().Zip(test.GetProperty("results").EnumerateArray()))
            {
                byte[] bytes = Convert.FromHexString(payload.GetString()!);
                string actual = Try(() => database.Scalar("SELECT cloudsync_payload_apply(?)", bytes));
                Assert.StartsWith(context + Result(result), context + actual);
            }

            database.Exec(inTransaction ? "COMMIT" : "");
            Assert.Equal(context + Describe(test.GetProperty("rows")), context + Rows(database, "SELECT * FROM t ORDER BY id"));
            Assert.Equal(context + Meta(test.GetProperty("meta")), context + Meta(database, "t"));
            Assert.Equal(context + Settings(test.GetProperty("settings")), context + Settings(database));
            Assert.Equal(test.GetProperty("staged_fragments").GetInt64(), database.Scalar("SELECT count(*) FROM cloudsync_payload_fragments"));
            Assert.False(database.InTransaction);
        }
    }

    [Theory]
    [MemberData(nameof(Applied))]
    public void Databases_are_equal_when_recorded_chunks_are_applied(string name)
    {
        JsonElement recorded = JsonDocument.Parse(File.ReadAllText(Fixtures.File(name + ".applied.json"))).RootElement;
        foreach (JsonProperty size in recorded.EnumerateObject().Where(entry => entry.Name != "source"))
        {
            using TempFile source = new(Fixtures.File(name + ".db"));
            using Database sender = Database.Open(source.Path);
            sender.Exec("DELETE FROM cloudsync_settings WHERE key = 'payload_max_chunk_size'");
            if (size.Name != "default")
            {
                sender.Exec($"INSERT INTO cloudsync_settings VALUES ('payload_max_chunk_size', '{size.Name}')");
            }

            using TempFile target = new();
            using Database receiver = Database.OpenWithSite(target.Path, Receiver, [.. Schema(sender)]);
            List<ChunkRow> chunks = ChunkRow.Read(sender, [("since_db_version", 0)]);
            long[] returns = [.. chunks.Select(chunk => (long)receiver.Scalar("SELECT cloudsync_payload_apply(?)", chunk.Payload)!)];
            Assert.Equal(size.Value.GetProperty("apply_returns").EnumerateArray().Select(value => value.GetInt64()), returns);
            Compare(receiver, size.Value, recorded.GetProperty("source"));
            Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM cloudsync_payload_fragments"));
        }
    }

    private static void Compare(Database receiver, JsonElement expected, JsonElement source)
    {
        foreach (JsonProperty table in expected.GetProperty("tables").EnumerateObject())
        {
            // Table rev has its key out of order: sqlite-sync swaps its columns (defect J-7), so the source is the goal.
            JsonElement rows = (table.Name == "rev" ? source : expected).GetProperty("tables").GetProperty(table.Name).GetProperty("rows");
            string quoted = "\"" + table.Name.Replace("\"", "\"\"") + "\"";
            Assert.Equal(Sorted(rows), SortedRows(receiver, $"SELECT * FROM {quoted}"));
            Assert.Equal(
                table.Name + ": " + Meta(expected.GetProperty("meta").GetProperty(table.Name)),
                table.Name + ": " + Meta(receiver, table.Name));
        }

        Assert.Equal(Settings(expected.GetProperty("settings")), Settings(receiver));
        Assert.Equal(expected.GetProperty("db_version").GetInt64(), receiver.Scalar("SELECT cloudsync_db_version()"));
    }

    private static IEnumerable<string> Schema(Database sender)
    {
        foreach (object?[] row in sender.Query("SELECT sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%cloudsync%' ORDER BY rowid"))
        {
            yield return (string)row[0]!;
        }

        foreach (object?[] row in sender.Query(
            "SELECT substr(m.name, 1, length(m.name) - 10), s.value FROM sqlite_master m JOIN cloudsync_table_settings s"
            + " ON s.tbl_name = substr(m.name, 1, length(m.name) - 10) AND s.key = 'algo'"
            + " WHERE m.type = 'table' AND m.name LIKE '%\\_cloudsync' ESCAPE '\\' ORDER BY m.rowid"))
        {
            yield return $"SELECT cloudsync_init('{((string)row[0]!).Replace("'", "''")}', '{row[1]}', 3)";
        }
    }

    /// <summary>A sentinel's version is its causal length, and columns are of living rows: everything else is forged.</summary>
    private static bool CanComeFromAPeer(JsonElement change)
    {
        long causalLength = change.GetProperty("cl").GetInt64();
        return change.GetProperty("col_name").GetString() is null or "__[RIP]__"
            ? change.GetProperty("col_version").GetInt64() == causalLength
            : (causalLength & 1) == 1;
    }

    private static string Insert(Database database, JsonElement change)
    {
        database.Run(
            "INSERT INTO cloudsync_changes(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq)"
            + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            change.GetProperty("tbl").GetString(), Convert.FromHexString(change.GetProperty("pk").GetString()!),
            change.GetProperty("col_name").GetString(), FixtureValues.Parse(change.GetProperty("col_value")),
            change.GetProperty("col_version").GetInt64(), change.GetProperty("db_version").GetInt64(),
            Convert.FromHexString(change.GetProperty("site_id").GetString()!), change.GetProperty("cl").GetInt64(),
            change.GetProperty("seq").GetInt64());
        return "ok";
    }

    private static string Try(Func<object?> body)
    {
        try
        {
            return "ok " + body();
        }
        catch (SqlException failure)
        {
            return failure.Code + " " + failure.Text;
        }
    }

    private static string Result(JsonElement result) => result.ValueKind == JsonValueKind.String
        ? "ok " + result.GetString()
        : result.TryGetProperty("ok", out JsonElement value) ? "ok " + value : result.GetProperty("code") + " " + result.GetProperty("message").GetString();

    private static string Describe(JsonElement rows) =>
        string.Join("\n", rows.EnumerateArray().Select(row => string.Join(",", row.EnumerateArray().Select(FixtureValues.Describe))));

    private static string Rows(Database database, string sql) =>
        string.Join("\n", database.Query(sql).Select(row => string.Join(",", row.Select(FixtureValues.Describe))));

    private static string[] Sorted(JsonElement rows) =>
        [.. rows.EnumerateArray().Select(row => string.Join(",", row.EnumerateArray().Select(FixtureValues.Describe))).Order(StringComparer.Ordinal)];

    private static string[] SortedRows(Database database, string sql) =>
        [.. database.Query(sql).Select(row => string.Join(",", row.Select(FixtureValues.Describe))).Order(StringComparer.Ordinal)];

    /// <summary>Clock rows, in an order of their own: the recorded order of ties is not defined.</summary>
    private static string Meta(Database database, string table)
    {
        string clock = "\"" + table.Replace("\"", "\"\"") + "_cloudsync\"";
        return string.Join("\n", database.Query($"SELECT lower(hex(pk)), col_name, col_version, db_version, site_id, seq FROM {clock}")
            .Select(row => string.Join("|", row)).Order(StringComparer.Ordinal));
    }

    private static string Meta(JsonElement rows) => string.Join("\n", rows.EnumerateArray()
        .Select(row => string.Join("|", row.EnumerateArray().Select(value => value.ToString()))).Order(StringComparer.Ordinal));

    private static string Settings(Database database) => string.Join(";", database.Query(
        "SELECT key || '=' || value FROM cloudsync_settings WHERE key LIKE 'check%' ORDER BY key").Select(row => row[0]));

    private static string Settings(JsonElement settings) => string.Join(";", settings.EnumerateObject()
        .OrderBy(entry => entry.Name, StringComparer.Ordinal).Select(entry => entry.Name + "=" + entry.Value.GetString()));

    private static IEnumerable<JsonElement> Lines(string name) =>
        File.ReadLines(Fixtures.File(name)).Select(line => JsonDocument.Parse(line).RootElement);
}
