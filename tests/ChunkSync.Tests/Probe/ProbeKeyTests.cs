using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Probe;

/// <summary>Key tables and runs: the same rows as without them, with fewer chunks looked at.</summary>
public sealed class ProbeKeyTests
{
    private const string Wanted = "(SELECT cloudsync_probe_set('entity', 'T', cloudsync_pk_encode(value)) FROM json_each('[\"k3\", \"k40\", \"k41\", \"zz\"]'))";

    [Fact]
    public void Key_table_gives_the_same_pages_when_it_covers_all_some_or_none_of_the_chain()
    {
        using Database database = Staged();
        long chunks = (long)database.Scalar("SELECT count(*) FROM staged")!;
        Assert.True(chunks > 15);
        List<object?[]> expected = Pages(database, "");
        database.Exec("CREATE TABLE early AS SELECT * FROM staged WHERE chunk_index < 12");
        long early = (long)database.Scalar("SELECT count(*) FROM early")!;
        Assert.Equal(early, database.Scalar("SELECT cloudsync_probe_keys('early', 'keys')"));
        Check(expected, Pages(database, " AND keys = 'keys'"), chunks);
        Assert.Equal(chunks - early, database.Scalar("SELECT cloudsync_probe_keys('staged', 'keys')"));
        Assert.Equal(0L, database.Scalar("SELECT cloudsync_probe_keys('staged', 'keys')"));
        Check(expected, Pages(database, " AND keys = 'keys'"), 10);

        // A set that asks for more than rows is answered by the facts.
        Assert.Equal(
            database.Query("SELECT payload FROM cloudsync_payload_probe('staged', (SELECT cloudsync_probe_set('table', 't')))").Count,
            database.Query("SELECT payload FROM cloudsync_payload_probe WHERE source = 'staged' AND probes = (SELECT cloudsync_probe_set('table', 't'))"
                + " AND keys = 'keys'").Count);
    }

    [Fact]
    public void Key_table_pages_resume_anywhere_when_rows_come_one_by_one()
    {
        using Database database = Staged();
        database.Exec("SELECT cloudsync_probe_keys('staged', 'keys')");
        List<object?[]> expected = Pages(database, " AND max_chunk_size = 1");
        string resume = "";
        foreach (object?[] page in expected)
        {
            object?[] found = Assert.Single(Pages(database, " AND max_chunk_size = 1 AND keys = 'keys'" + resume, " LIMIT 1"));
            Assert.Equal((byte[])page[0]!, (byte[])found[0]!);
            resume = $" AND resume_chunk_index = {found[1]} AND resume_row = {found[2]}";
        }
    }

    [Fact]
    public void Key_table_goes_on_when_a_covered_chunk_was_deleted()
    {
        using Database database = Staged();
        database.Exec("SELECT cloudsync_probe_keys('staged', 'keys'); DELETE FROM staged WHERE chunk_index % 3 = 0");
        Check(Pages(database, ""), Pages(database, " AND keys = 'keys'"), 10);
    }

    [Fact]
    public void Key_table_is_untouched_when_the_savepoint_is_rolled_back_or_a_chunk_is_damaged()
    {
        using Database database = Staged();
        database.Exec("BEGIN; SELECT cloudsync_probe_keys('staged', 'keys'); ROLLBACK");
        Assert.Null(database.Scalar("SELECT name FROM sqlite_master WHERE name = 'keys'"));
        database.Exec("UPDATE staged SET payload = zeroblob(50) WHERE chunk_index = 7");
        Assert.Equal(
            "cloudsync_probe_keys: chunk 7: not a payload (no CLSY signature)",
            Assert.Throws<SqlException>(() => database.Query("SELECT cloudsync_probe_keys('staged', 'keys')")).Text);
        Assert.Null(database.Scalar("SELECT name FROM sqlite_master WHERE name = 'keys'"));
    }

    [Theory]
    [InlineData("SELECT cloudsync_probe_keys(NULL, 'k')", "cloudsync_probe_keys: source is not given; name a table or view, or write a query in parentheses")]
    [InlineData("SELECT cloudsync_probe_keys('staged', NULL)", "cloudsync_probe_keys: table is not given; name the key table")]
    [InlineData("SELECT cloudsync_probe_keys('staged', 't')", "cloudsync_probe_keys: table t is no key table; make one with cloudsync_probe_keys")]
    [InlineData("SELECT cloudsync_entity_hash(1, x'01')", "cloudsync_entity_hash: tbl must be TEXT")]
    [InlineData("SELECT cloudsync_entity_hash('t', 'k')", "cloudsync_entity_hash: pk must be a BLOB made by cloudsync_pk_encode")]
    [InlineData("SELECT * FROM cloudsync_payload_probe WHERE source = 'staged' AND probes = (SELECT cloudsync_probe_set('all')) AND keys = 'none'", "cloudsync_payload_probe: keys: no such table: none")]
    [InlineData("SELECT * FROM cloudsync_payload_probe WHERE source = 'staged' AND probes = (SELECT cloudsync_probe_set('all')) AND keys = 7", "cloudsync_payload_probe: keys is not the name of a table")]
    [InlineData("SELECT * FROM cloudsync_payload_run('nothing')", "cloudsync_payload_run: source: no such table or view: nothing")]
    [InlineData("SELECT * FROM cloudsync_payload_run(NULL)", "cloudsync_payload_run: source is not given; name a table or view, or write a query in parentheses")]
    public void Bad_input_is_named_when_keys_or_runs_are_asked_for(string sql, string message)
    {
        using Database database = Staged();
        Assert.Equal(message, Assert.Throws<SqlException>(() => database.Query(sql)).Text);
    }

    [Fact]
    public void Run_holds_the_rows_of_its_source_in_order_when_it_is_read()
    {
        using Database database = Staged();
        const string Rows = "SELECT lower(r.tbl), r.pk, r.db_version, r.seq, r.encoded FROM {0} AS s, cloudsync_payload_rows(s.payload) AS r";
        List<string> Read(string source, string order) =>
            [.. database.Query(string.Format(System.Globalization.CultureInfo.InvariantCulture, Rows, source) + order)
                .Select(row => $"{row[0]} {Convert.ToHexString((byte[])row[1]!)} {row[2]} {row[3]} {Convert.ToHexString((byte[])row[4]!)}")];
        database.Exec("CREATE TABLE run(chunk_index INTEGER PRIMARY KEY, payload_index BLOB, payload BLOB);"
            + "INSERT INTO run SELECT chunk_index, cloudsync_payload_index(payload, 3), payload FROM cloudsync_payload_run('staged', 2000)");
        Assert.Equal(
            Read("staged", " ORDER BY lower(r.tbl), r.pk, r.db_version, r.seq, s.chunk_index, r.row_index"),
            Read("run", " ORDER BY s.chunk_index, r.row_index"));
        List<object?[]> plain = RunPages(database, "");
        List<object?[]> leapt = RunPages(database, " AND chain_order = 'key'");
        Assert.Equal(plain.Select(page => Convert.ToHexString((byte[])page[0]!)), leapt.Select(page => Convert.ToHexString((byte[])page[0]!)));
        Assert.True((long)leapt[^1][2]! <= 4, "opened " + leapt[^1][2]);
        Assert.Equal(
            EncodedRows(Pages(database, "")), EncodedRows(RunPages(database, " AND chain_order = 'key'")));
    }

    [Fact]
    public void Broken_promise_is_named_when_chunks_are_not_in_the_order_of_keys()
    {
        using Database database = Staged();
        database.Exec("CREATE TABLE run(chunk_index INTEGER PRIMARY KEY, payload_index BLOB, payload BLOB);"
            + "INSERT INTO run SELECT -chunk_index, cloudsync_payload_index(payload, 3), payload FROM cloudsync_payload_run('staged', 2000)");
        Assert.StartsWith(
            "cloudsync_payload_probe: chain_order is 'key', but chunk ",
            Assert.Throws<SqlException>(() => database.Query("SELECT rows FROM cloudsync_payload_probe WHERE source = 'run'"
                + " AND probes = (SELECT cloudsync_probe_set('table', 't')) AND chain_order = 'key'")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Position_deep_in_a_long_chain_is_found_with_few_looks_when_order_is_promised()
    {
        using Database database = Staged();
        database.Exec("CREATE TABLE many(chunk_index INTEGER PRIMARY KEY, payload_index BLOB, payload BLOB)");
        // One position, again and again: a chunk may begin where the one before it ends.
        byte[] payload = (byte[])database.Scalar("SELECT cloudsync_payload_filter(payload, (SELECT cloudsync_probe_set('position', db_version, seq, NULL)"
            + " FROM (SELECT db_version, seq FROM cloudsync_changes ORDER BY 1, 2 LIMIT 1))) FROM staged ORDER BY chunk_index LIMIT 1")!;
        byte[] index = (byte[])database.Scalar("SELECT cloudsync_payload_index(?)", payload)!;
        long last = (long)database.Scalar("SELECT max(chunk_index) FROM staged")!;
        database.Run("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO many SELECT i, ?, ? FROM n", index, payload);
        database.Exec($"INSERT INTO many SELECT 20001 + chunk_index, payload_index, payload FROM staged WHERE chunk_index < {last} AND chunk_index > (SELECT min(chunk_index) FROM staged);"
            + $"INSERT INTO many SELECT 50000 + chunk_index, payload_index, payload FROM staged WHERE chunk_index = {last}");
        object?[] page = Assert.Single(database.Query(
            "SELECT rows, chunks_seen, is_final FROM cloudsync_payload_probe WHERE source = 'many' AND chain_order = 'position' AND probes ="
            + " (SELECT cloudsync_probe_set('position', db_version, seq, NULL) FROM (SELECT * FROM cloudsync_changes ORDER BY db_version DESC, seq DESC LIMIT 1))"));
        Assert.Equal(1L, page[2]);
        Assert.True((long)page[1]! <= 60, "looked at " + page[1]);
    }

    private static List<string> EncodedRows(List<object?[]> pages)
    {
        using Database reader = Database.Open();
        List<string> rows = [];
        foreach (object?[] page in pages)
        {
            rows.AddRange(reader.Query("SELECT encoded FROM cloudsync_payload_rows(?)", page[0]).Select(row => Convert.ToHexString((byte[])row[0]!)));
        }

        rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    private static void Check(List<object?[]> expected, List<object?[]> found, long mostSeen)
    {
        Assert.Equal(expected.Select(Text), found.Select(Text));
        Assert.True((long)found[^1][3]! <= mostSeen, "looked at " + found[^1][3]);
    }

    private static string Text(object?[] page) => $"{Convert.ToHexString((byte[])page[0]!)} {page[1]} {page[2]}";

    private static List<object?[]> Pages(Database database, string more, string end = "") => database.Query(
        $"SELECT payload, next_chunk_index, next_row, chunks_seen FROM cloudsync_payload_probe WHERE source = 'staged' AND probes = {Wanted}{more}{end}");

    private static List<object?[]> RunPages(Database database, string more) => database.Query(
        $"SELECT payload, chunks_seen, chunks_opened FROM cloudsync_payload_probe WHERE source = 'run' AND probes = {Wanted}{more}");

    /// <summary>A chain of small chunks, made by packing every few changes into a payload of their own.</summary>
    private static Database Staged()
    {
        Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t')");
        for (int i = 0; i < 120; i++)
        {
            database.Run("INSERT OR REPLACE INTO t VALUES (?, ?, ?)", "k" + (i * 37 % 100), i, new string('v', i));
        }

        database.Exec("""
            CREATE TABLE staged(chunk_index INTEGER PRIMARY KEY, payload_index BLOB, payload BLOB NOT NULL);
            INSERT INTO staged(chunk_index, payload)
            SELECT db_version / 5, cloudsync_payload_encode(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq)
            FROM (SELECT * FROM cloudsync_changes ORDER BY db_version, seq) GROUP BY db_version / 5;
            UPDATE staged SET payload_index = cloudsync_payload_index(payload, 1 + chunk_index % 2);
            """);
        return database;
    }
}
