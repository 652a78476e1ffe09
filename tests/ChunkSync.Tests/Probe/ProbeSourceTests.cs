using System.Globalization;
using System.Text.Json;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Probe;

/// <summary>Where chunks may lie, how a source is named, what is wrong with one, and under which circumstances a probe works.</summary>
public sealed class ProbeSourceTests
{
    /// <summary>Everything, by a range: chunks with an index pass, the others are opened.</summary>
    private const string All = "(SELECT cloudsync_probe_set('range', NULL, NULL, NULL, NULL))";

    private const string Row = "(SELECT cloudsync_probe_set('entity', 't', cloudsync_pk_encode('k5')))";

    [Fact]
    public void Set_is_byte_for_byte_the_recorded_one_when_sql_makes_it()
    {
        using Database database = Database.Open();
        foreach (JsonElement line in ProbeFixtures.Lines("cases.jsonl"))
        {
            List<object?> values = [];
            foreach (JsonElement[] parts in line.GetProperty("probes").EnumerateArray().Select(probe => probe.EnumerateArray().ToArray()))
            {
                string kind = parts[0].GetString()!;
                for (int i = 0; i < 5; i++)
                {
                    bool isBlob = (kind == "entity" && i == 2) || (kind == "site" && i == 1);
                    values.Add(i >= parts.Length || parts[i].ValueKind == JsonValueKind.Null ? null
                        : parts[i].ValueKind == JsonValueKind.Number ? parts[i].GetInt64()
                        : isBlob ? Convert.FromHexString(parts[i].GetString()!) : parts[i].GetString());
                }
            }

            string rows = values.Count == 0 ? "SELECT 1, 2, 3, 4, 5 WHERE 0" : "VALUES " + string.Join(", ", Enumerable.Repeat("(?, ?, ?, ?, ?)", values.Count / 5));
            byte[] set = (byte[])database.Scalar($"WITH p(a, b, c, d, e) AS ({rows}) SELECT cloudsync_probe_set(a, b, c, d, e) FROM p", [.. values])!;
            Assert.Equal(line.GetProperty("probe_set").GetString(), Convert.ToHexStringLower(set));
        }
    }

    [Fact]
    public void Index_is_byte_for_byte_the_recorded_one_when_sql_makes_it()
    {
        using Database database = Database.Open();
        foreach (StoredChunk chunk in ProbeFixtures.Chains.Values.SelectMany(levels => levels[1]))
        {
            Assert.Equal(chunk.Index, database.Scalar("SELECT cloudsync_payload_index(?)", chunk.Payload));
            Assert.Equal(chunk.Index, database.Scalar("SELECT cloudsync_payload_index(?, 1)", chunk.Payload));
        }

        foreach (StoredChunk chunk in ProbeFixtures.Chains.Values.SelectMany(levels => levels[2]))
        {
            Assert.Equal(chunk.Index, database.Scalar("SELECT cloudsync_payload_index(?, 2)", chunk.Payload));
        }
    }

    [Theory]
    [InlineData("staged")]
    [InlineData("STAGED")]
    [InlineData("main.staged")]
    [InlineData("\"staged\"")]
    [InlineData("\"main\".[staged]")]
    [InlineData("aux.other")]
    [InlineData("other")]
    [InlineData("temp.passing")]
    [InlineData("a.b c")]
    [InlineData("\"a.b c\"")]
    [InlineData("aux.\"x\"\"y\"")]
    [InlineData("no_ordinal")]
    [InlineData("hidden_rowid")]
    [InlineData("seen")]
    [InlineData("through")]
    [InlineData("without")]
    [InlineData("(SELECT chunk_index, payload FROM staged)")]
    [InlineData("  ( SELECT chunk_index, payload_index, payload FROM aux.other -- )\n )  ")]
    [InlineData("(WITH c AS (SELECT * FROM staged) SELECT c.chunk_index, c.payload FROM c)")]
    [InlineData("(SELECT 0 AS chunk_index, payload FROM staged WHERE chunk_index = 0 UNION ALL SELECT chunk_index, payload FROM staged WHERE chunk_index > 0)")]
    public void Chunks_are_found_when_the_source_is_named_in_any_way(string source)
    {
        using Database database = Chain();
        database.Exec("""
            ATTACH ':memory:' AS aux;
            CREATE TABLE aux.other AS SELECT * FROM staged;
            CREATE TEMP TABLE passing AS SELECT * FROM staged;
            CREATE TABLE "a.b c" AS SELECT * FROM staged;
            CREATE TABLE aux."x""y" AS SELECT * FROM staged;
            CREATE TABLE no_ordinal(payload_index BLOB, payload BLOB);
            INSERT INTO no_ordinal(rowid, payload_index, payload) SELECT chunk_index, payload_index, payload FROM staged;
            CREATE TABLE hidden_rowid(rowid TEXT, oid TEXT, payload BLOB, chunk_index INTEGER);
            INSERT INTO hidden_rowid(payload, chunk_index) SELECT payload, chunk_index FROM staged ORDER BY chunk_index DESC;
            CREATE VIEW seen AS SELECT * FROM staged;
            CREATE VIEW through AS SELECT * FROM seen;
            CREATE TABLE without(chunk_index INTEGER PRIMARY KEY, payload BLOB) WITHOUT ROWID;
            INSERT INTO without SELECT chunk_index, payload FROM staged;
            """);
        foreach (string set in (string[])[All, Row])
        {
            List<object?[]> expected = Pages(database, "staged", set);
            Assert.NotEmpty(expected);
            Assert.Equal(expected.Select(Text), Pages(database, source, set).Select(Text));
        }
    }

    [Theory]
    [InlineData("CREATE VIEW loop AS SELECT * FROM loop", "loop", "view loop is circularly defined")]
    [InlineData("CREATE VIEW a AS SELECT * FROM b; CREATE VIEW b AS SELECT * FROM a", "a", "view a is circularly defined")]
    [InlineData("CREATE VIEW gone AS SELECT * FROM missing", "gone", "no such table: main.missing")]
    [InlineData("CREATE TABLE n(chunk_index, payload); INSERT INTO n SELECT NULL, payload FROM staged", "n", "cloudsync_payload_probe: chunk_index is not an INTEGER")]
    [InlineData("CREATE TABLE n(chunk_index, payload); INSERT INTO n SELECT 1.5, payload FROM staged", "n", "cloudsync_payload_probe: chunk_index is not an INTEGER")]
    [InlineData("CREATE TABLE n(chunk_index, payload); INSERT INTO n SELECT 'x', payload FROM staged", "n", "cloudsync_payload_probe: chunk_index is not an INTEGER")]
    [InlineData("CREATE TABLE n(chunk_index, payload); INSERT INTO n SELECT chunk_index / 2, payload FROM staged", "n", "cloudsync_payload_probe: chunk_index 0 occurs more than once")]
    [InlineData("CREATE VIEW n AS SELECT chunk_index / 2 AS chunk_index, payload FROM staged", "n", "cloudsync_payload_probe: chunk_index 0 occurs more than once")]
    [InlineData("CREATE TABLE n(chunk_index INTEGER PRIMARY KEY, payload); INSERT INTO n VALUES (3, NULL)", "n", "cloudsync_payload_probe: chunk 3: no payload")]
    [InlineData("CREATE TABLE n(chunk_index INTEGER PRIMARY KEY, payload); INSERT INTO n VALUES (3, 'text')", "n", "cloudsync_payload_probe: chunk 3: payload is not a BLOB")]
    [InlineData("CREATE TABLE n(chunk_index INTEGER PRIMARY KEY, payload); INSERT INTO n VALUES (3, 17)", "n", "cloudsync_payload_probe: chunk 3: payload is not a BLOB")]
    [InlineData("CREATE TABLE n(chunk_index INTEGER PRIMARY KEY, payload); INSERT INTO n VALUES (3, x'')", "n", "cloudsync_payload_probe: chunk 3: not a payload (0 bytes, a header has 32)")]
    [InlineData("CREATE TABLE n AS SELECT chunk_index, 'x' AS payload_index, payload FROM staged", "n", "cloudsync_payload_probe: chunk 0: payload_index is malformed")]
    [InlineData("CREATE TABLE n AS SELECT chunk_index, x'' AS payload_index, payload FROM staged", "n", "cloudsync_payload_probe: chunk 0: payload_index is malformed")]
    [InlineData("CREATE TABLE n AS SELECT s.chunk_index, o.payload_index, s.payload FROM staged AS s, staged AS o WHERE o.chunk_index = s.chunk_index + 1", "n", ": payload_index belongs to another payload; build it again with cloudsync_payload_index")]
    [InlineData("CREATE VIEW n AS SELECT s.chunk_index, o.payload_index, s.payload FROM staged AS s, staged AS o WHERE o.chunk_index = s.chunk_index + 1", "n", ": payload_index belongs to another payload; build it again with cloudsync_payload_index")]
    [InlineData("SELECT 1", "aux.staged", "cloudsync_payload_probe: source: no such table or view: aux.staged")]
    [InlineData("SELECT 1", "", "cloudsync_payload_probe: source: no such table or view: ")]
    [InlineData("SELECT 1", "()", "near \")\": syntax error")]
    [InlineData("SELECT 1", "(DELETE FROM staged)", "near \"DELETE\": syntax error")]
    [InlineData("SELECT 1", "(SELECT * FROM staged; DELETE FROM staged)", "near \";\": syntax error")]
    [InlineData("SELECT 1", "staged; DELETE FROM staged", "cloudsync_payload_probe: source: no such table or view: staged; DELETE FROM staged")]
    [InlineData("SELECT 1", "(SELECT chunk_index, \"payload\" FROM t)", "no such column: chunk_index")]
    [InlineData("SELECT 1", "(SELECT 1 AS chunk_index, \"payload\" FROM t LIMIT 1)", "payload")]
    [InlineData("SELECT 1", "sqlite_master", "cloudsync_payload_probe: source: no such table or view: sqlite_master")]
    public void Source_is_refused_with_its_cause_when_it_cannot_be_read(string setup, string source, string message)
    {
        using Database database = Chain();
        database.Exec(setup);
        foreach (string set in (string[])[All, Row])
        {
            Assert.Contains(message, Assert.Throws<SqlException>(() => Pages(database, source, set)).Text, StringComparison.Ordinal);
        }

        Assert.Equal(12L, database.Scalar("SELECT count(*) FROM staged"));
        database.Exec("DROP TABLE staged");
    }

    [Theory]
    [InlineData("resume_chunk_index = 'x'", "resume_chunk_index is not an INTEGER")]
    [InlineData("resume_chunk_index = 1.5", "resume_chunk_index is not an INTEGER")]
    [InlineData("resume_chunk_index = 3 AND resume_row = x'00'", "resume_row is not an INTEGER")]
    [InlineData("resume_chunk_index = 3 AND resume_row = -9223372036854775808", "resume_row -9223372036854775808 is negative")]
    [InlineData("resume_chunk_index = 3 AND resume_row = 9223372036854775807", "resume_row 9223372036854775807 is not in chunk 3, which has")]
    [InlineData("max_chunk_size = 'x'", "max_chunk_size is not an INTEGER")]
    [InlineData("compress = 'x'", "compress is not an INTEGER")]
    [InlineData("invert = 1.0", "invert is not an INTEGER")]
    [InlineData("strict_fragments = x''", "strict_fragments is not an INTEGER")]
    [InlineData("skip_damaged = ''", "skip_damaged is not an INTEGER")]
    [InlineData("verify = '1'", "verify is not an INTEGER")]
    [InlineData("max_expanded_size = 'x'", "max_expanded_size is not an INTEGER")]
    [InlineData("max_expanded_size = -1", "chunk 2: expands to")]
    [InlineData("max_expanded_size = 0", "chunk 2: expands to")]
    [InlineData("chain_order = 1", "chain_order must be 'position' or NULL")]
    [InlineData("chain_order = ''", "chain_order must be 'position' or NULL")]
    public void Input_is_refused_by_name_when_its_type_or_value_is_wrong(string input, string message)
    {
        using Database database = Chain();
        SqlException failure = Assert.Throws<SqlException>(() => database.Query(
            $"SELECT rows FROM cloudsync_payload_probe WHERE source = 'staged' AND probes = {Row} AND {input}"));
        Assert.StartsWith("cloudsync_payload_probe: " + message, failure.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("max_chunk_size = -9223372036854775808")]
    [InlineData("max_chunk_size = 9223372036854775807")]
    [InlineData("max_expanded_size = 9223372036854775807")]
    [InlineData("verify = -9223372036854775808")]
    [InlineData("verify = 9223372036854775807")]
    [InlineData("resume_chunk_index = -9223372036854775808")]
    [InlineData("resume_chunk_index = -7 AND resume_row = 0")]
    [InlineData("invert = NULL AND compress = NULL AND chain_order = NULL AND resume_chunk_index = NULL AND resume_row = NULL AND keys = NULL")]
    public void Answer_is_the_same_when_an_input_is_at_an_end_of_its_range(string input)
    {
        using Database database = Chain();
        Assert.Equal(
            Pages(database, "staged", Row, "").Select(Text),
            database.Query($"SELECT payload, next_chunk_index, next_row FROM cloudsync_payload_probe WHERE source = 'staged' AND probes = {Row} AND {input}").Select(Text));
    }

    [Fact]
    public void Nothing_comes_out_behind_the_largest_ordinal()
    {
        using Database database = Chain();
        database.Exec("UPDATE staged SET chunk_index = 9223372036854775807 WHERE chunk_index = 11; UPDATE staged SET chunk_index = -9223372036854775808 WHERE chunk_index = 0");
        List<object?[]> pages = database.Query($"SELECT rows, next_chunk_index, is_final FROM cloudsync_payload_probe('staged', {All})");
        Assert.Equal([null, 1L], pages[^1][1..]);
        Assert.Equal(12, pages.Count);
        Assert.Empty(database.Query($"SELECT rows FROM cloudsync_payload_probe('staged', {All}, 9223372036854775807, 2)"));
        Assert.Single(database.Query($"SELECT rows FROM cloudsync_payload_probe('staged', {All}, 9223372036854775807, 1)"));
        Assert.Equal(12L, database.Scalar($"SELECT count(*) FROM cloudsync_payload_probe WHERE source = 'staged' AND probes = {All} AND chain_order = 'position'"));
    }

    [Fact]
    public void Probe_works_when_the_file_is_read_only_or_nothing_may_be_written()
    {
        using TempFile file = new();
        using (Database made = Chain(file.Path))
        {
        }

        using Database database = Database.Open(file.Path, readOnly: true);
        int pages = Pages(database, "staged", All).Count;
        Assert.Equal(12, pages);
        database.Exec("PRAGMA query_only = ON");
        Assert.Equal(12, Pages(database, "staged", All).Count);
        Assert.NotEmpty(database.Query($"SELECT * FROM cloudsync_payload_probe_plan('staged', {Row})"));
        Assert.NotEmpty(database.Query("SELECT * FROM cloudsync_payload_run('staged')"));
    }

    [Fact]
    public void Probe_works_when_nothing_was_ever_tracked_in_the_database()
    {
        using TempFile file = new();
        using (Database bare = Database.Open(file.Path, register: false))
        {
            bare.Exec("CREATE TABLE staged(chunk_index INTEGER PRIMARY KEY, payload BLOB)");
            bare.Run("INSERT INTO staged VALUES (0, ?)", ProbeFixtures.Chains["small"][0][0].Payload);
        }

        byte[] before = file.Read();
        using (Database database = Database.Open(file.Path))
        {
            Assert.Single(Pages(database, "staged", All));
            Assert.Equal("staged", database.Scalar("SELECT group_concat(name) FROM sqlite_master"));
        }

        Assert.Equal(before, file.Read());
    }

    [Fact]
    public void Probe_sees_what_its_own_transaction_wrote_and_what_a_rollback_took()
    {
        using Database database = Chain();
        database.Exec("BEGIN; DELETE FROM staged WHERE chunk_index > 4; SAVEPOINT s; DELETE FROM staged");
        Assert.Empty(Pages(database, "staged", All));
        database.Exec("ROLLBACK TO s");
        Assert.Equal(5, Pages(database, "staged", All).Count);
        database.Exec("ROLLBACK");
        Assert.Equal(12, Pages(database, "staged", All).Count);
    }

    [Fact]
    public void Probe_is_refused_when_a_trigger_calls_it()
    {
        using Database database = Chain();
        foreach (string table in (string[])["cloudsync_payload_probe('staged', x'00')", "cloudsync_payload_probe_plan('staged', x'00')", "cloudsync_payload_run('staged')"])
        {
            database.Exec($"CREATE TRIGGER fire AFTER DELETE ON staged BEGIN SELECT 1 FROM {table}; END");
            SqlException failure = Assert.Throws<SqlException>(() => database.Exec("DELETE FROM staged"));
            Assert.Contains("unsafe use of virtual table", failure.Text, StringComparison.Ordinal);
            database.Exec("DROP TRIGGER fire");
        }
    }

    [Fact]
    public void Connection_closes_when_a_scan_was_left_open_or_its_source_was_dropped()
    {
        using TempFile file = new();
        using (Database made = Chain(file.Path))
        {
        }

        Database database = Database.Open(file.Path);
        foreach (string source in (string[])["staged", "(SELECT chunk_index, payload FROM staged)"])
        {
            nint statement = database.Prepare($"SELECT payload FROM cloudsync_payload_probe WHERE source = '{source}' AND probes = {All} AND max_chunk_size = 60");
            for (int step = 0; step < 5; step++)
            {
                Assert.Equal(100, NativeSqlite.Step(statement));
            }

            Assert.Equal(0, NativeSqlite.Reset(statement));
            database.Exec("BEGIN; DROP TABLE staged; ROLLBACK");
            int code = NativeSqlite.Step(statement);
            Assert.True(code == 100, database.Failure(code).Text);
            Assert.Equal(0, NativeSqlite.Finalize(statement));
            AssertIdle(database);
        }

        nint abandoned = database.Prepare($"SELECT payload FROM cloudsync_payload_probe('staged', {All})");
        Assert.Equal(100, NativeSqlite.Step(abandoned));
        Assert.Equal(5, NativeSqlite.Close(database.Handle));
        int next = NativeSqlite.Step(abandoned);
        Assert.True(next == 100, database.Failure(next).Text);
        Assert.Equal(0, NativeSqlite.Finalize(abandoned));
        database.Exec("DROP TABLE staged");
        database.Dispose();
    }

    [Fact]
    public void Cursor_of_the_final_page_gives_what_was_appended_later()
    {
        using Database database = Chain();
        object?[] last = Pages(database, "staged", All)[^1];
        string resume = string.Create(CultureInfo.InvariantCulture, $" AND resume_chunk_index = {last[1]} AND resume_row = {last[2]}");
        Assert.Empty(Pages(database, "staged", All, resume));
        database.Exec("INSERT INTO staged SELECT 40, payload_index, payload FROM staged WHERE chunk_index = 2");
        object?[] page = Assert.Single(Pages(database, "staged", All, resume));
        Assert.Equal(database.Scalar("SELECT payload FROM staged WHERE chunk_index = 2"), page[0]);
    }

    [Fact]
    public void Insert_of_a_probe_into_its_own_source_ends()
    {
        using Database database = Chain();
        database.Exec("CREATE TABLE grown AS SELECT chunk_index, payload FROM staged");
        database.Exec($"INSERT INTO grown SELECT 100 + chunk_index, payload FROM cloudsync_payload_probe('grown', {All})");
        Assert.Equal(24L, database.Scalar("SELECT count(*) FROM grown"));
    }

    [Theory]
    [InlineData("cloudsync_probe_set('range', NULL, NULL, NULL, NULL)")]
    [InlineData("cloudsync_probe_set('range', 0, 0, 1000000, NULL)")]
    [InlineData("cloudsync_probe_set('table', 'T')")]
    [InlineData("cloudsync_probe_set('site', cloudsync_siteid())")]
    [InlineData("cloudsync_probe_set('all')")]
    public void Chunks_pass_unopened_when_facts_prove_that_all_rows_are_wanted(string set)
    {
        using Database database = Chain();
        List<object?[]> pages = database.Query(
            $"SELECT payload, passed_through, chunks_opened, chunks_passed, bytes_read FROM cloudsync_payload_probe('staged', (SELECT {set}))");
        Assert.Equal(database.Query("SELECT payload FROM staged ORDER BY chunk_index").Select(row => (byte[])row[0]!), pages.Select(page => (byte[])page[0]!));
        Assert.All(pages, page => Assert.Equal([1L, 0L], [page[1], page[2]]));
        Assert.Equal([12L, database.Scalar("SELECT sum(length(payload)) FROM staged")], [pages[^1][3], pages[^1][4]]);

        // The same of everything but nothing, and nothing of everything.
        Assert.Equal(12L, database.Scalar(
            "SELECT sum(passed_through) FROM cloudsync_payload_probe WHERE source = 'staged' AND invert = 1 AND probes = (SELECT cloudsync_probe_set('table', 'other'))"));
        Assert.Empty(database.Query($"SELECT 1 FROM cloudsync_payload_probe WHERE source = 'staged' AND invert = 1 AND probes = (SELECT {set})"));
    }

    [Fact]
    public void Two_scans_of_one_source_and_a_join_with_it_do_not_disturb_each_other()
    {
        using Database database = Chain();
        Assert.Equal(144L, database.Scalar($"SELECT count(*) FROM cloudsync_payload_probe('staged', {All}) AS a, cloudsync_payload_probe('staged', {All}) AS b"));
        Assert.Equal(12L, database.Scalar(
            $"SELECT count(*) FROM staged AS s, cloudsync_payload_probe AS p WHERE p.source = '(SELECT * FROM staged)' AND p.probes = {All}"
            + " AND p.resume_chunk_index = s.chunk_index AND p.chunk_index = 0 AND p.payload = s.payload"));
    }

    [Fact]
    public void Chunk_that_is_written_while_the_scan_is_inside_of_it_is_named()
    {
        using Database database = Chain();
        nint statement = database.Prepare($"SELECT rows FROM cloudsync_payload_probe WHERE source = 'staged' AND probes = {Row} AND max_chunk_size = 1");
        Assert.Equal(100, NativeSqlite.Step(statement));
        database.Exec("DELETE FROM staged WHERE chunk_index > 3");
        int code = NativeSqlite.Step(statement);
        for (int i = 0; i < 20 && code == 100; i++)
        {
            code = NativeSqlite.Step(statement);
        }

        // What is stored now counts, or the chunk that the scan is inside of is named.
        string text = database.Failure(code).Text;
        Assert.True(code == 101 || text.Contains("was written while the scan was inside of it; start the scan again", StringComparison.Ordinal), $"{code} {text}");
        _ = NativeSqlite.Finalize(statement);
    }

    /// <summary>No statement of the connection is in the middle of anything.</summary>
    private static void AssertIdle(Database database)
    {
        for (nint statement = NativeSqlite.NextStatement(database.Handle, 0); statement != 0; statement = NativeSqlite.NextStatement(database.Handle, statement))
        {
            Assert.Equal(0, NativeSqlite.StatementBusy(statement));
        }
    }

    private static string Text(object?[] page) => $"{Convert.ToHexString((byte[])page[0]!)} {page[1]} {page[2]}";

    private static List<object?[]> Pages(Database database, string source, string set, string more = "") => database.Query(
        $"SELECT payload, next_chunk_index, next_row FROM cloudsync_payload_probe WHERE source = ? AND probes = {set}{more}", source);

    /// <summary>Twelve chunks with indexes, two changes each.</summary>
    private static Database Chain(string path = ":memory:")
    {
        Database database = Database.Open(path);
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t')");
        for (int i = 0; i < 24; i++)
        {
            database.Run("INSERT INTO t VALUES (?, ?, ?) ON CONFLICT(id) DO UPDATE SET b = b + 1000", "k" + (i % 12), i, i * 2);
        }

        database.Exec("""
            CREATE TABLE staged(chunk_index INTEGER PRIMARY KEY, payload_index BLOB, payload BLOB NOT NULL);
            INSERT INTO staged(chunk_index, payload)
            SELECT n / 2, cloudsync_payload_encode(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq)
            FROM (SELECT *, row_number() OVER (ORDER BY db_version, seq) - 1 AS n FROM cloudsync_changes) GROUP BY n / 2;
            UPDATE staged SET payload_index = cloudsync_payload_index(payload, 2);
            """);
        return database;
    }
}
