using System.Text.Json;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Probe;

/// <summary>Probes from SQL: every recorded case on every kind of source, the same pages one by one, and what must be refused.</summary>
public sealed class ProbeSqlTests
{
    private static readonly string[] Kinds = ["rowid", "key", "without", "view", "query", "side"];

    [Fact]
    public void Probe_gives_the_recorded_pages_when_run_from_sql_on_every_kind_of_source()
    {
        int number = 0;
        foreach (IGrouping<string, JsonElement> chain in ProbeFixtures.Lines("cases.jsonl").GroupBy(line => line.GetProperty("chain").GetString()!))
        {
            for (int level = 0; level <= 2; level++)
            {
                using Database database = Database.Open();
                Dictionary<string, string> sources = MakeSources(database, ProbeFixtures.Chains[chain.Key][level]);
                foreach (JsonElement line in chain)
                {
                    // Every case on one kind with one level, pages one by one; with every level and on more kinds where every case is taken.
                    int turn = number++ % Kinds.Length;
                    if (!Share.IsWhole && (number + level) % 3 != 0)
                    {
                        continue;
                    }

                    for (int kind = 0; kind < Kinds.Length; kind++)
                    {
                        if (kind == turn || (Share.IsWhole && (kind + level) % 3 == 0))
                        {
                            string what = $"{chain.Key} {Kinds[kind]} {line.GetProperty("probes")}";
                            Check(database, line, sources[Kinds[kind]], level, what, kind == turn);
                        }
                    }
                }
            }
        }
    }

    [Fact]
    public void Rows_are_those_of_the_naive_reader_when_every_recorded_payload_is_read()
    {
        using Database database = Database.Open();
        foreach (JsonElement line in ProbeFixtures.Lines("chains.jsonl"))
        {
            byte[] payload = Convert.FromHexString(line.GetProperty("payload").GetString()!);
            List<object?[]> rows = database.Query("SELECT row_index, row_offset, length(encoded) FROM cloudsync_payload_rows(?)", payload);
            Assert.Equal(
                line.GetProperty("rows").EnumerateArray().Select((row, i) => ((object)(long)i, (object)row[0].GetInt64(), (object)row[1].GetInt64())),
                rows.Select(row => (row[0]!, row[1]!, row[2]!)));
        }
    }

    [Fact]
    public void Rows_have_the_values_of_the_changes_when_the_payload_was_made_here()
    {
        using Database database = Source();
        const string Columns = "tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq";
        List<object?[]> expected = database.Query($"SELECT {Columns} FROM cloudsync_changes");
        List<object?[]> rows = database.Query(
            $"SELECT r.{Columns.Replace(", ", ", r.", StringComparison.Ordinal)} FROM cloudsync_payload_chunks AS c, cloudsync_payload_rows(c.payload) AS r WHERE c.since_db_version = 0");
        Assert.Equal(expected.Count, rows.Count);
        for (int i = 0; i < rows.Count; i++)
        {
            Assert.Equal(expected[i], rows[i]);
        }
    }

    [Fact]
    public void Extract_and_its_complement_give_the_rows_of_the_sender_when_applied_in_either_order()
    {
        using Database sender = Source();
        Stage(sender);
        const string Set = "(SELECT cloudsync_probe_set('entity', 't', cloudsync_pk_encode(value)) FROM json_each('[\"k1\", \"k7\", \"k9\"]'))";
        foreach (string first in (string[])["0", "1"])
        {
            using Database receiver = Database.Open();
            receiver.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t')");
            foreach (string invert in (string[])[first, first == "0" ? "1" : "0"])
            {
                foreach (object?[] page in sender.Query(
                    $"SELECT payload FROM cloudsync_payload_probe WHERE source = 'staged' AND probes = {Set} AND invert = {invert} AND max_chunk_size = 700"))
                {
                    receiver.Run("SELECT cloudsync_payload_apply(?, 0)", page[0]);
                }
            }

            Assert.Equal(
                sender.Query("SELECT * FROM t ORDER BY id").Select(row => string.Join("|", row)),
                receiver.Query("SELECT * FROM t ORDER BY id").Select(row => string.Join("|", row)));
            Assert.Empty(receiver.Query("SELECT 1 FROM cloudsync_settings WHERE key = 'check_dbversion'"));
        }
    }

    [Theory]
    [InlineData("SELECT * FROM cloudsync_payload_probe", "cloudsync_payload_probe: source is not given; name a table or view, or write a query in parentheses")]
    [InlineData("SELECT * FROM cloudsync_payload_probe(NULL, NULL)", "cloudsync_payload_probe: source is not given; name a table or view, or write a query in parentheses")]
    [InlineData("SELECT * FROM cloudsync_payload_probe('staged')", "cloudsync_payload_probe: probes is not given; make it with cloudsync_probe_set")]
    [InlineData("SELECT * FROM cloudsync_payload_probe('staged', x'00')", "cloudsync_payload_probe: probes is not a probe set; make it with cloudsync_probe_set")]
    [InlineData("SELECT * FROM cloudsync_payload_probe('nothing', (SELECT cloudsync_probe_set('all')))", "cloudsync_payload_probe: source: no such table or view: nothing")]
    [InlineData("SELECT * FROM cloudsync_payload_probe('SELECT 1', (SELECT cloudsync_probe_set('all')))", "cloudsync_payload_probe: source: a query must be in parentheses")]
    [InlineData("SELECT * FROM cloudsync_payload_probe('(SELECT 1), (SELECT 2)', (SELECT cloudsync_probe_set('all')))", "cloudsync_payload_probe: source: a query must be in parentheses")]
    [InlineData("SELECT * FROM cloudsync_payload_probe('t', (SELECT cloudsync_probe_set('all')))", "cloudsync_payload_probe: source t has no column payload")]
    [InlineData("SELECT * FROM cloudsync_payload_probe('(SELECT payload FROM staged)', (SELECT cloudsync_probe_set('all')))", "cloudsync_payload_probe: source (SELECT payload FROM staged) has no column chunk_index to order its chunks by")]
    [InlineData("SELECT * FROM cloudsync_payload_probe('staged', (SELECT cloudsync_probe_set('all')), NULL, 4)", "cloudsync_payload_probe: resume_row is given without resume_chunk_index")]
    [InlineData("SELECT * FROM cloudsync_payload_probe('staged', (SELECT cloudsync_probe_set('all')), 0, -1)", "cloudsync_payload_probe: resume_row -1 is negative")]
    [InlineData("SELECT * FROM cloudsync_payload_probe('staged', (SELECT cloudsync_probe_set('all')), 0, 100000)", "cloudsync_payload_probe: resume_row 100000 is not in chunk 0, which has")]
    [InlineData("SELECT * FROM cloudsync_payload_probe('staged', (SELECT cloudsync_probe_set('all')), 77, 1)", "cloudsync_payload_probe: resume_chunk_index 77 is not in the source; resume with resume_row 0 to go on behind it")]
    [InlineData("SELECT * FROM cloudsync_payload_probe('staged', (SELECT cloudsync_probe_set('all')), 0, 'x')", "cloudsync_payload_probe: resume_row is not an INTEGER")]
    [InlineData("SELECT * FROM cloudsync_payload_probe WHERE source = 'staged' AND probes = (SELECT cloudsync_probe_set('all')) AND chain_order = 'keys'", "cloudsync_payload_probe: chain_order must be 'position' or NULL")]
    [InlineData("SELECT * FROM cloudsync_payload_probe('(SELECT 1 AS chunk_index, payload FROM staged UNION ALL SELECT 1, payload FROM staged)', (SELECT cloudsync_probe_set('all')))", "cloudsync_payload_probe: chunk_index 1 occurs more than once")]
    [InlineData("SELECT * FROM cloudsync_payload_probe('(SELECT NULL AS chunk_index, payload FROM staged)', (SELECT cloudsync_probe_set('all')))", "cloudsync_payload_probe: chunk_index is not an INTEGER")]
    [InlineData("SELECT * FROM cloudsync_payload_probe('(SELECT 1 AS chunk_index, ''x'' AS payload)', (SELECT cloudsync_probe_set('all')))", "cloudsync_payload_probe: chunk 1: payload is not a BLOB")]
    [InlineData("SELECT * FROM cloudsync_payload_probe('(SELECT 1 AS chunk_index, NULL AS payload)', (SELECT cloudsync_probe_set('all')))", "cloudsync_payload_probe: chunk 1: no payload")]
    [InlineData("SELECT * FROM cloudsync_payload_probe('(SELECT 1 AS chunk_index, zeroblob(40) AS payload)', (SELECT cloudsync_probe_set('all')))", "cloudsync_payload_probe: chunk 1: not a payload (no CLSY signature)")]
    [InlineData("SELECT * FROM cloudsync_payload_probe('(SELECT 1 AS chunk_index, x''01'' AS payload)', (SELECT cloudsync_probe_set('all')))", "cloudsync_payload_probe: chunk 1: not a payload (1 bytes, a header has 32)")]
    [InlineData("SELECT cloudsync_probe_set('x')", "cloudsync_probe_set: kind 'x' is not 'entity', 'table', 'site', 'position', 'range' or 'all'")]
    [InlineData("SELECT cloudsync_probe_set('table', 3)", "cloudsync_probe_set: tbl must be TEXT")]
    [InlineData("SELECT cloudsync_probe_set('entity', 't', 'k')", "cloudsync_probe_set: pk of an entity must be a BLOB made by cloudsync_pk_encode")]
    [InlineData("SELECT cloudsync_probe_set('site', 'k')", "cloudsync_probe_set: site_id must be a BLOB")]
    [InlineData("SELECT cloudsync_probe_set('position', NULL, 1)", "cloudsync_probe_set: db_version of a position is NULL")]
    [InlineData("SELECT cloudsync_probe_set('position', 1, 1, 2)", "cloudsync_probe_set: argument 4 is not used by 'position'")]
    [InlineData("SELECT cloudsync_probe_set('range', 5, 0, 3, 9)", "cloudsync_probe_set: range (5, 0) to (3, 9) ends before it begins")]
    [InlineData("SELECT cloudsync_payload_index(x'00')", "cloudsync_payload_index: not a payload (1 bytes, a header has 32)")]
    [InlineData("SELECT cloudsync_payload_index('x')", "cloudsync_payload_index: payload is not a BLOB")]
    [InlineData("SELECT cloudsync_payload_index(NULL, 4)", "cloudsync_payload_index: level must be 1, 2 or 3, not 4")]
    [InlineData("SELECT cloudsync_payload_filter(zeroblob(32), cloudsync_probe_set('all'))", "cloudsync_payload_filter: not a payload (no CLSY signature)")]
    [InlineData("SELECT * FROM cloudsync_payload_rows(zeroblob(32))", "cloudsync_payload_rows: not a payload (no CLSY signature)")]
    [InlineData("SELECT * FROM cloudsync_payload_rows('x')", "cloudsync_payload_rows: payload is not a BLOB")]
    public void Bad_input_is_named_when_a_probe_is_asked(string sql, string message)
    {
        using Database database = Source();
        Stage(database);
        SqlException failure = Assert.Throws<SqlException>(() => database.Query(sql));
        Assert.StartsWith(message, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_comes_out_when_the_set_or_the_source_is_empty()
    {
        using Database database = Source();
        Stage(database);
        Assert.Empty(database.Query("SELECT * FROM cloudsync_payload_probe('staged', (SELECT cloudsync_probe_set('all') WHERE 0))"));
        Assert.Empty(database.Query("SELECT * FROM cloudsync_payload_probe('(SELECT * FROM staged WHERE 0)', (SELECT cloudsync_probe_set('all')))"));
        Assert.Empty(database.Query("SELECT * FROM cloudsync_payload_rows(NULL)"));
        Assert.Null(database.Scalar("SELECT cloudsync_payload_index(NULL)"));
        Assert.Null(database.Scalar("SELECT cloudsync_payload_filter(NULL, cloudsync_probe_set('all'))"));
    }

    [Fact]
    public void Filter_gives_the_stored_bytes_when_all_rows_match_and_null_when_none_does()
    {
        using Database database = Source();
        Stage(database);
        byte[] payload = (byte[])database.Scalar("SELECT payload FROM staged LIMIT 1")!;
        Assert.Equal(payload, database.Scalar("SELECT cloudsync_payload_filter(?, cloudsync_probe_set('table', 'T'))", payload));
        Assert.Null(database.Scalar("SELECT cloudsync_payload_filter(?, cloudsync_probe_set('table', 'u'))", payload));
        Assert.Equal(payload, database.Scalar("SELECT cloudsync_payload_filter(?, cloudsync_probe_set('table', 'u'), 1)", payload));
    }

    [Fact]
    public void Probe_is_refused_when_a_view_calls_it()
    {
        using Database database = Source();
        Stage(database);
        database.Exec("CREATE VIEW v AS SELECT * FROM cloudsync_payload_probe('staged', x'00')");
        Assert.Throws<SqlException>(() => database.Query("SELECT * FROM v"));
    }

    /// <summary>A database with a few hundred changes.</summary>
    private static Database Source()
    {
        Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t')");
        for (int i = 0; i < 40; i++)
        {
            database.Run("INSERT INTO t VALUES (?, ?, ?)", "k" + i, new string('x', i * 7), i * 1.5);
        }

        database.Exec("DELETE FROM t WHERE id IN ('k3', 'k7'); UPDATE t SET a = NULL WHERE id < 'k2'");
        return database;
    }

    private static void Stage(Database database) => database.Exec(
        "CREATE TABLE staged(chunk_index INTEGER PRIMARY KEY, payload_index BLOB, payload BLOB NOT NULL);"
        + "INSERT INTO staged SELECT chunk_index, cloudsync_payload_index(payload, 2), payload FROM cloudsync_payload_chunks WHERE since_db_version = 0");

    private static Dictionary<string, string> MakeSources(Database database, List<StoredChunk> chain)
    {
        database.Exec(
            "CREATE TABLE plain(chunk_index INTEGER, payload_index BLOB, payload BLOB);"
            + "CREATE TABLE keyed(chunk_index INTEGER PRIMARY KEY, payload_index BLOB, payload BLOB);"
            + "CREATE TABLE without_rowid(chunk_index INTEGER PRIMARY KEY, payload_index BLOB, payload BLOB) WITHOUT ROWID;"
            + "CREATE TABLE \"odd.name\"\"\"(rowid, chunk_index INTEGER PRIMARY KEY, payload_index BLOB, payload BLOB);"
            + "CREATE VIEW seen AS SELECT * FROM keyed;");
        foreach (StoredChunk chunk in Enumerable.Reverse(chain))
        {
            foreach (string table in (string[])["plain", "keyed", "without_rowid", "\"odd.name\"\"\""])
            {
                database.Run($"INSERT INTO {table}(chunk_index, payload_index, payload) VALUES (?, ?, ?)", chunk.Ordinal, chunk.Index, chunk.Payload);
            }
        }

        return new()
        {
            ["rowid"] = "plain",
            ["key"] = "main.keyed",
            ["without"] = "without_rowid",
            ["view"] = "seen",
            ["query"] = "(SELECT chunk_index, payload, payload_index FROM plain /* ) */)",
            ["side"] = "odd.name\"",
        };
    }

    private static string Where(JsonElement line, string source)
    {
        string where = $" WHERE source = {Literal(source)} AND probes = x'{line.GetProperty("probe_set").GetString()}' AND compress = 0";
        foreach (string name in (string[])["max_chunk_size", "invert", "strict_fragments"])
        {
            where += line.TryGetProperty(name, out JsonElement value) ? $" AND {name} = {value}" : "";
        }

        return where;
    }

    private static string Literal(string text) => "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";

    private static void Check(Database database, JsonElement line, string source, int level, string what, bool paged)
    {
        const string Columns = "SELECT rows, passed_through, payload, next_chunk_index, next_row, is_final, chunks_seen, chunks_opened,"
            + " chunks_passed, bytes_read, misses FROM cloudsync_payload_probe";
        string where = Where(line, source);
        if (line.TryGetProperty("error", out JsonElement error))
        {
            SqlException failure = Assert.Throws<SqlException>(() => database.Query(Columns + where));
            Assert.Contains(error.GetString()!, failure.Message, StringComparison.Ordinal);
            return;
        }

        string[] expected = [.. line.GetProperty("pages").EnumerateArray().Select(page => page.ToString().Replace(" ", "", StringComparison.Ordinal))];
        List<object?[]> pages = database.Query(Columns + where);
        Assert.Equal(expected, pages.Select(Describe));
        if (pages.Count > 0)
        {
            object?[] last = pages[^1];
            Assert.Equal(
                what + line.GetProperty("counts")[level].ToString().Replace(" ", "", StringComparison.Ordinal),
                $"{what}[{last[6]},{last[7]},{last[8]},{last[9]}]");
            Assert.Equal(line.GetProperty("misses").GetInt64(), last[10]);
        }

        if (paged)
        {
            CheckPaged(database, Columns, where, pages);
        }
    }

    private static void CheckPaged(Database database, string columns, string where, List<object?[]> pages)
    {
        string resume = "";
        for (int i = 0; i < pages.Count; i++)
        {
            object?[] page = Assert.Single(database.Query(columns + where + resume + " LIMIT 1"));
            Assert.Equal(Describe(pages[i]), Describe(page));
            Assert.Equal((byte[])pages[i][2]!, (byte[])page[2]!);
            resume = $" AND resume_chunk_index = {page[3]} AND resume_row = {page[4]}";
        }

        Assert.Empty(pages.Count == 0 ? [] : database.Query(columns + where + resume));
    }

    private static string Describe(object?[] page) => $"[{page[0]},{page[1]},{((byte[])page[2]!)[4]},{page[3]},{page[4]}]";
}
