using System.Text.Json.Nodes;
using ChunkSync.Client;
using Microsoft.Data.Sqlite;

namespace ChunkSync.Tool.Tests;

public sealed class VerifyTests : IDisposable
{
    private const int Sample = 12;
    private const int All = 1000;

    private readonly Workspace workspace = new();

    /// <summary>Each kind of damage by itself, done behind the engine's back.</summary>
    [Theory]
    [InlineData("UPDATE items SET name = 'other' WHERE id = 'a'", "changed")]
    [InlineData("UPDATE items SET price = 1 WHERE id = 'n'", "changed")]
    [InlineData("DELETE FROM items WHERE id = 'a'", "missing")]
    [InlineData("INSERT INTO items VALUES ('x', 'extra', 1)", "extra")]
    [InlineData("DELETE FROM items_cloudsync WHERE col_name = '__[RIP]__'", "lives")]
    [InlineData("UPDATE items_cloudsync SET col_version = col_version + 1 WHERE col_name = 'name' AND pk = (SELECT min(pk) FROM items_cloudsync)", "versions")]
    public async Task Difference_is_found_when_it_is_the_only_one(string damage, string kind)
    {
        (string a, string b) = Replicas();
        (await Tool.RunAsync("verify", a, b)).Expect(ExitCode.Done);
        Damage(b, damage);
        JsonNode items = (await Tool.RunAsync("verify", a, b, "--json")).Expect(ExitCode.Differs).Json["tables"]![0]!;
        Assert.Equal(1, (long)items[kind]!);
        Assert.Equal(1, new[] { "changed", "missing", "extra", "versions", "lives" }.Sum(name => (long)items[name]!));
        Assert.Single(items["differences"]!.AsArray());
        (await Tool.RunAsync("diff", a, b)).Expect(ExitCode.Differs);
        (await Tool.RunAsync("verify", "--tables", "notes", a, b)).Expect(ExitCode.Done);
        (await Tool.RunAsync("verify", "--tables", "notes,items", a, b)).Expect(ExitCode.Differs);
    }

    /// <summary>Also one that the comparison itself has a use for.</summary>
    [Fact]
    public async Task Rows_are_equal_when_a_column_has_any_name()
    {
        (string a, string b) = (workspace.At("a.db"), workspace.At("b.db"));
        foreach (string file in (string[])[a, b])
        {
            Workspace.Run(file, "CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, present, PRESENT_, a, b, pk, rowid)", "SELECT cloudsync_init('items')");
        }

        Workspace.Run(a, "INSERT INTO items(id, present) VALUES ('a', NULL), ('b', 1)");
        Send(a, b);
        Assert.Equal("items: 2 rows equal\n", (await Tool.RunAsync("verify", a, b)).Expect(ExitCode.Done).Output);
        (await Tool.RunAsync("diff", a, b)).Expect(ExitCode.Done);
    }

    [Fact]
    public async Task Answer_is_the_same_when_the_text_is_stored_as_utf_16()
    {
        (string a, string b) = (workspace.At("a.db"), workspace.At("b.db"));
        foreach (string file in (string[])[a, b])
        {
            Workspace.Run(file, "PRAGMA encoding = 'UTF-16'", "CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, name TEXT, price REAL)", "SELECT cloudsync_init('items')");
        }

        Workspace.Run(a, "INSERT INTO items VALUES ('a', 'äpple', 1), ('d', 'gone', 1)", "DELETE FROM items WHERE id = 'd'");
        Send(a, b);
        (await Tool.RunAsync("verify", a, b)).Expect(ExitCode.Done);
        Workspace.Run(a, "UPDATE items SET name = 'öther' WHERE id = 'a'", "INSERT INTO items VALUES ('d', 'again', 1)");
        JsonNode items = (await Tool.RunAsync("verify", a, b, "--json")).Expect(ExitCode.Differs).Json["tables"]![0]!;
        Assert.Equal((1, 1, 1, 1), ((long)items["changed"]!, (long)items["missing"]!, (long)items["versions"]!, (long)items["lives"]!));
        string payload = workspace.At("payload");
        (await Tool.RunAsync("diff", a, b, "--payload", payload)).Expect(ExitCode.Differs);
        (await Tool.RunAsync("apply", b, payload, "--no-checkpoint")).Expect(ExitCode.Done);
        (await Tool.RunAsync("verify", a, b)).Expect(ExitCode.Done);
        string other = workspace.Shop();
        (await Tool.RunAsync("verify", other, b)).Fails(ExitCode.Database, $"chunksync: {b}: its text is UTF-16le, that of {other} UTF-8, and SQLite opens only one encoding at a time;"
            + " compare it with a copy that a dump of the sqlite3 shell makes");
    }

    /// <summary>What one command writes the other one takes, however long it is; what is no payload is not read to its end.</summary>
    [Fact]
    public async Task Payload_of_diff_is_taken_when_it_is_longer_than_any_chunk()
    {
        string a = workspace.Shop("a.db", "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 70) INSERT INTO notes SELECT 'k' || i, randomblob(1000000) FROM c");
        string b = workspace.Shop("b.db"), payload = workspace.At("payload");
        (await Tool.RunAsync("diff", a, b, "--payload", payload)).Expect(ExitCode.Differs);
        Assert.True(new FileInfo(payload).Length > ChunkEnvelope.MaxPayloadLength);
        (await Tool.RunAsync("dump", payload, "--header")).Expect(ExitCode.Done);
        (await Tool.RunAsync("apply", b, payload, "--no-checkpoint")).Expect(ExitCode.Done);
        (await Tool.RunAsync("verify", a, b)).Expect(ExitCode.Done);
        foreach (string endless in (string[])["/dev/zero", ""])
        {
            Assert.InRange((await Tool.RunAsync("dump", endless)).Code, (int)ExitCode.Refused, (int)ExitCode.InputOutput);
            Assert.InRange((await Tool.RunAsync("apply", b, endless)).Code, (int)ExitCode.Refused, (int)ExitCode.InputOutput);
        }
    }

    [Fact]
    public async Task Tables_differ_when_only_one_tracks_or_has_them()
    {
        (string a, string b) = Replicas();
        Workspace.Run(b, "CREATE TABLE more(id TEXT PRIMARY KEY NOT NULL)", "SELECT cloudsync_init('more')", "ALTER TABLE notes ADD COLUMN extra");
        ToolRun run = (await Tool.RunAsync("verify", a, b)).Expect(ExitCode.Differs);
        Assert.Equal($"items: 2 rows equal\nmore: is tracked only in {b}\nnotes: columns in one only: extra\n", run.Output);
    }

    /// <summary>What was written with capture and not sent, or not captured at all, or taken from clocks.</summary>
    [Fact]
    public async Task Answer_is_that_of_plain_sql_when_histories_are_random()
    {
        int equal = 0;
        for (int turn = 0; turn < (Seed.AllCases ? All : Sample); turn++)
        {
            Random random = new(unchecked(Seed.Value + (turn * 7919)));
            string a = workspace.Shop($"a{turn}.db", "PRAGMA journal_mode = MEMORY");
            string b = workspace.Shop($"b{turn}.db", "PRAGMA journal_mode = MEMORY");
            Write(random, a, b);
            JsonNode items = (await Tool.RunAsync("verify", a, b, "--json")).Json["tables"]![0]!;
            (long changed, long missing, long extra, long clocks) = BySql(a, b);
            string what = $"CHUNKSYNC_SEED={Seed.Value}, history {turn}: {items}";
            Assert.True(changed == (long)items["changed"]! && missing == (long)items["missing"]! && extra == (long)items["extra"]!, what);
            Assert.True(clocks == (long)items["versions"]! + (long)items["lives"]!, $"{clocks}: {what}");
            Assert.True((changed + missing + extra + clocks == 0) == (bool)items["equal"]!, what);
            equal += (bool)items["equal"]! ? 1 : 0;
            File.Delete(a);
            File.Delete(b);
        }

        Assert.True(equal > 0, $"CHUNKSYNC_SEED={Seed.Value}: no history ended equal");
    }

    /// <summary>What A has and B lacks, and the other way round, makes both equal.</summary>
    [Fact]
    public async Task Databases_are_equal_when_the_payloads_of_diff_are_exchanged()
    {
        for (int turn = 0; turn < (Seed.AllCases ? All : Sample) / 2; turn++)
        {
            Random random = new(unchecked(Seed.Value + (turn * 104729)));
            string a = workspace.Shop("a.db", "PRAGMA journal_mode = MEMORY");
            string b = workspace.Shop("b.db", "PRAGMA journal_mode = MEMORY");
            Work(random, a, 12);
            Work(random, b, 12);
            (string forB, string forA) = (workspace.At("for-b.bin"), workspace.At("for-a.bin"));
            await Tool.RunAsync("diff", a, b, "--payload", forB);
            await Tool.RunAsync("diff", b, a, "--payload", forA);
            foreach ((string database, string payload) in ((string, string)[])[(b, forB), (a, forA)])
            {
                if (File.Exists(payload))
                {
                    using SqliteConnection connection = Workspace.Connect(database);
                    await connection.ChunkSync().ApplyAsync(await File.ReadAllBytesAsync(payload), new ApplyOptions { MoveCheckpoint = false });
                    File.Delete(payload);
                }
            }

            ToolRun run = await Tool.RunAsync("verify", a, b);
            Assert.True(run.Code == 0, $"CHUNKSYNC_SEED={Seed.Value}, history {turn}: {run.Output}");
            File.Delete(a);
            File.Delete(b);
        }
    }

    [Fact]
    public async Task Pages_are_those_of_one_scan_when_they_are_cut_everywhere()
    {
        foreach (string fixture in Directory.GetFiles(Path.Combine(Workspace.Root, "tests/fixtures"), "*.db"))
        {
            string copy = workspace.Fixture(Path.GetFileNameWithoutExtension(fixture));
            ToolRun run = await Tool.RunAsync("verify", copy, "--paging", "--every-cut", "--chunk-size", "256K");
            Assert.True(run.Code == 0, fixture + run.Output + run.Error);
            run = await Tool.RunAsync("verify", copy, "--paging", "--every-cut", "--all-but-site", new string('0', 32));
            Assert.True(run.Code == 0, fixture + run.Output + run.Error);
        }
    }

    [Theory]
    [InlineData("verify", "a.db")]
    [InlineData("verify", "a.db", "b.db", "--paging")]
    [InlineData("verify", "a.db", "b.db", "--every-cut")]
    [InlineData("verify", "a.db", "b.db", "--since", "3")]
    [InlineData("verify", "a.db", "--paging", "--since", "3", "--from", "1.0.0")]
    [InlineData("verify", "a.db", "b.db", "--limit", "-1")]
    [InlineData("diff", "a.db")]
    public async Task Options_are_refused_when_they_do_not_fit(params string[] arguments) => (await Tool.RunAsync(arguments)).Expect(ExitCode.Usage);

    public void Dispose() => workspace.Dispose();

    /// <summary>Two databases in sync, with a row that was deleted.</summary>
    private (string A, string B) Replicas()
    {
        string a = workspace.Shop("a.db", "INSERT INTO items VALUES ('a', 'apple', 1.5), ('d', 'gone', 2)", "INSERT INTO items VALUES ('n', 'number', 3)",
            "DELETE FROM items WHERE id = 'd'", "INSERT INTO notes VALUES ('x', 'text')");
        string b = workspace.Shop("b.db");
        Send(a, b);
        return (a, b);
    }

    private static void Damage(string file, string sql)
    {
        using SqliteConnection connection = Workspace.Connect(file);
        Run(connection, "SELECT cloudsync_disable('items')");
        Run(connection, sql);
    }

    private static void Write(Random random, string a, string b)
    {
        for (int round = random.Next(3); round >= 0; round--)
        {
            Work(random, a, random.Next(8));
            Work(random, b, random.Next(8));
            Send(a, b);
            Send(b, a);
        }

        switch (random.Next(4))
        {
            case 0:
                Work(random, random.Next(2) == 0 ? a : b, 3);
                break;
            case 1:
                Damage(b, Statement(random));
                break;
            case 2:
                Damage(b, $"DELETE FROM items_cloudsync WHERE col_version % 3 = {random.Next(3)} AND col_name = '{(random.Next(2) == 0 ? "__[RIP]__" : "name")}'");
                break;
        }
    }

    private static void Work(Random random, string file, int count)
    {
        using SqliteConnection connection = Workspace.Connect(file);
        Run(connection, "PRAGMA synchronous = OFF");
        for (int i = 0; i < count; i++)
        {
            Run(connection, Statement(random));
        }
    }

    private static string Statement(Random random)
    {
        string key = $"'k{random.Next(6)}'";
        return random.Next(5) switch
        {
            0 => $"DELETE FROM items WHERE id = {key}",
            1 => $"UPDATE items SET price = {random.Next(3)} WHERE id = {key}",
            2 => $"UPDATE items SET name = {(random.Next(2) == 0 ? "NULL" : "x'00'")} WHERE id = {key}",
            _ => $"INSERT INTO items VALUES ({key}, 'n{random.Next(4)}', {random.Next(4)}) ON CONFLICT DO UPDATE SET name = excluded.name",
        };
    }

    /// <summary>Everything that one has, of all sites, to the other.</summary>
    private static void Send(string from, string to)
    {
        List<byte[]> payloads = [];
        using (SqliteConnection connection = Workspace.Connect(from))
        using (SqliteCommand command = connection.CreateCommand())
        {
            command.CommandText = "SELECT payload FROM cloudsync_payload_chunks(0, zeroblob(16), NULL, 1)";
            using SqliteDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
                payloads.Add((byte[])reader[0]);
            }
        }

        using SqliteConnection target = Workspace.Connect(to);
        foreach (byte[] payload in payloads)
        {
            using SqliteCommand apply = target.CreateCommand();
            apply.CommandText = "SELECT cloudsync_payload_apply($payload, 0)";
            apply.Parameters.AddWithValue("$payload", payload);
            apply.ExecuteNonQuery();
        }
    }

    /// <summary>Rows and clocks compared by set operations: changed, only in A, only in B, rows whose clocks differ.</summary>
    private static (long Changed, long Missing, long Extra, long Clocks) BySql(string a, string b)
    {
        const string Row = "SELECT id, typeof(name), name, typeof(price), price FROM {0}.items";
        const string Clock = "SELECT pk, col_name, col_version FROM {0}.items_cloudsync WHERE col_name <> '__[RIP]__' AND col_version <> 0"
            + " UNION ALL SELECT pk, 'cl', coalesce(max(CASE col_name WHEN '__[RIP]__' THEN col_version END), 1) FROM {0}.items_cloudsync GROUP BY pk";
        using SqliteConnection connection = Workspace.Connect(a);
        using SqliteCommand attach = connection.CreateCommand();
        attach.CommandText = $"ATTACH '{b}' AS b";
        attach.ExecuteNonQuery();
        long changed = Number($"SELECT count(*) FROM (SELECT id FROM ({Of(Row, "main")} EXCEPT {Of(Row, "b")}) INTERSECT SELECT id FROM b.items)");
        return (changed, Number("SELECT count(*) FROM (SELECT id FROM main.items EXCEPT SELECT id FROM b.items)"),
            Number("SELECT count(*) FROM (SELECT id FROM b.items EXCEPT SELECT id FROM main.items)"),
            Number($"SELECT count(DISTINCT pk) FROM (SELECT pk FROM ({Both("main", "b")}) UNION SELECT pk FROM ({Both("b", "main")}))"));

        string Both(string one, string other) => $"SELECT * FROM ({Of(Clock, one)}) EXCEPT SELECT * FROM ({Of(Clock, other)})";

        long Number(string sql)
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = sql;
            return (long)command.ExecuteScalar()!;
        }
    }

    private static string Of(string sql, string schema) => sql.Replace("{0}", schema, StringComparison.Ordinal);

    private static void Run(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
