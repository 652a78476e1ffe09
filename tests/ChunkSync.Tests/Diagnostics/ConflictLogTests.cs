using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Diagnostics;

/// <summary>The conflict log: what of a person's writes lost, and against what.</summary>
public class ConflictLogTests(ITestOutputHelper output)
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');";

    private const string Rows = "SELECT key, col_name, kind, certain, quote(lost_value), lost_version, lost_site = cloudsync_siteid(), won_version,"
        + " won_site = cloudsync_siteid() FROM cloudsync_conflicts ORDER BY id";

    [Fact]
    public void Nothing_is_logged_or_made_when_the_log_is_off()
    {
        using Database database = Open("INSERT INTO t VALUES ('x', 1, 1)", log: 0);
        Apply(database, "('t', cloudsync_pk_encode('x'), 'a', 5, 3, 1, x'07', 1, 0)");
        Assert.Empty(database.Query(Rows));
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM sqlite_master WHERE name LIKE '%conflict%'"));
    }

    [Theory]
    [InlineData("5, 2", "'x'|a|overwritten|0|1|1|1|2|0")]
    [InlineData("5, 1", "'x'|a|overwritten|1|1|1|1|1|0")]
    [InlineData("0, 1", "'x'|a|ignored|1|0|1|0|1|1")]
    [InlineData("1, 1", null)]
    [InlineData("1, 4", null)]
    [InlineData("'long', 2", "'x'|a|overwritten|0|1|1|1|2|0")]
    public void Value_is_logged_when_it_loses(string change, string? expected)
    {
        using Database database = Open("INSERT INTO t VALUES ('x', 1, 1)");
        Apply(database, $"('t', cloudsync_pk_encode('x'), 'a', {change}, 1, x'07', 1, 0)");
        Assert.Equal(expected == null ? [] : [expected], Lines(database));
        Apply(database, $"('t', cloudsync_pk_encode('x'), 'a', {change}, 1, x'07', 1, 0)");

        // A repeat of what won is none; of what lost nobody can tell that it came before.
        Assert.Equal(expected == null ? 0 : expected.Contains("ignored", StringComparison.Ordinal) ? 2 : 1, Lines(database).Length);
    }

    [Theory]
    [InlineData("a UNIQUE")]
    [InlineData("a TEXT NOT NULL DEFAULT '' UNIQUE")]
    [InlineData("a, g AS (a || '') UNIQUE")]
    public void Values_that_were_there_are_logged_when_others_swap_them(string column)
    {
        using Database database = Database.Open();
        database.Exec($"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, {column}); SELECT cloudsync_init('t'), cloudsync_set('schema_check', 'names'), cloudsync_set('conflict_log', 100);"
            + "INSERT INTO t(id, a) VALUES ('x', '1'), ('y', '2'), ('z', '3')");
        Apply(database, "('t', cloudsync_pk_encode('x'), 'a', '2', 2, 1, x'07', 1, 0)", "('t', cloudsync_pk_encode('y'), 'a', '3', 2, 1, x'07', 1, 1)",
            "('t', cloudsync_pk_encode('z'), 'a', '1', 2, 1, x'07', 1, 2)");
        Assert.Equal(["2", "3", "1"], database.Query("SELECT a FROM t ORDER BY id").Select(row => row[0]));
        Assert.Equal(["'x'|a|overwritten|0|'1'|1|1|2|0", "'y'|a|overwritten|0|'2'|1|1|2|0", "'z'|a|overwritten|0|'3'|1|1|2|0"], Lines(database).Order());
    }

    [Fact]
    public void All_is_said_of_a_conflict_when_a_key_was_looked_up_since_the_one_before()
    {
        using Database database = Open("CREATE TABLE r(id PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('r'), cloudsync_set('schema_check', 'names');"
            + "INSERT INTO t VALUES ('x', 1, 1), ('y', 1, 1)");
        Apply(database, "('t', cloudsync_pk_encode('x'), 'a', 5, 2, 1, x'07', 1, 0)", "('r', cloudsync_pk_encode(1), 'a', 5, 1, 1, x'07', 1, 1)",
            "('t', cloudsync_pk_encode('y'), 'a', 5, 2, 1, x'07', 1, 2)");
        Assert.Equal(["'x'|a|overwritten|0|1|1|1|2|0", "'y'|a|overwritten|0|1|1|1|2|0"], Lines(database));
    }

    [Fact]
    public void Changes_of_others_that_meet_are_not_logged()
    {
        using Database database = Open("");
        Apply(database, "('t', cloudsync_pk_encode('x'), 'a', 1, 1, 1, x'07', 1, 0)", "('t', cloudsync_pk_encode('x'), 'b', 1, 1, 1, x'07', 1, 1)");
        Apply(database, "('t', cloudsync_pk_encode('x'), 'a', 5, 1, 1, x'08', 1, 0)", "('t', cloudsync_pk_encode('x'), '__[RIP]__', NULL, 2, 2, x'08', 2, 0)");
        Assert.Empty(Lines(database));
    }

    [Fact]
    public void Every_column_that_was_written_here_is_logged_when_its_row_is_deleted()
    {
        using Database database = Open("INSERT INTO t VALUES ('x', 'mine', NULL)");
        Apply(database, "('t', cloudsync_pk_encode('x'), 'b', 5, 3, 1, x'07', 1, 0)");
        Apply(database, "('t', cloudsync_pk_encode('x'), '__[RIP]__', NULL, 2, 2, x'07', 2, 0)");
        Assert.Equal(["'x'|b|overwritten|0|NULL|1|1|3|0", "'x'|a|deleted|0|'mine'|1|1|2|0"], Lines(database));
        Assert.Equal([1L, 2L], database.Query("SELECT lost_cl, won_cl FROM cloudsync_conflicts LIMIT 1")[0]);
        Assert.Equal([2L, 0L], database.Query("SELECT db_version, seq FROM cloudsync_conflicts LIMIT 1")[0]);
    }

    [Fact]
    public void Trigger_is_named_when_it_keeps_a_row_as_it_is()
    {
        using Database database = Open("INSERT INTO t VALUES ('x', 1, 1);"
            + "CREATE TRIGGER keep BEFORE UPDATE ON t BEGIN SELECT RAISE(IGNORE); END; CREATE TRIGGER stay BEFORE DELETE ON t BEGIN SELECT RAISE(IGNORE); END");
        Apply(database, "('t', cloudsync_pk_encode('x'), 'a', 5, 3, 1, x'07', 1, 0)");
        Assert.Equal(["'x'|a|trigger|0|5|3|0||"], Lines(database).Where(line => line.Contains("trigger", StringComparison.Ordinal)));
        Apply(database, "('t', cloudsync_pk_encode('x'), '__[RIP]__', NULL, 2, 2, x'07', 2, 0)");
        Assert.Contains("'x'|__[RIP]__|trigger|0|NULL|2|0||", Lines(database));
    }

    [Fact]
    public void Value_is_logged_as_it_came_when_the_column_stores_another_one()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a INTEGER, b TEXT, c REAL, d);"
            + " SELECT cloudsync_init('t'), cloudsync_set('conflict_log', 100), cloudsync_set('skip_schema_hash_check', 1)");
        Apply(database, "('t', cloudsync_pk_encode('x'), 'a', '5', 1, 1, x'07', 1, 0)", "('t', cloudsync_pk_encode('x'), 'b', 5, 1, 1, x'07', 1, 1)",
            "('t', cloudsync_pk_encode('x'), 'c', 5, 1, 1, x'07', 1, 2)", "('t', cloudsync_pk_encode('x'), 'd', '5', 1, 1, x'07', 1, 3)",
            "('t', cloudsync_pk_encode('y'), 'a', 'five', 1, 1, x'07', 1, 4)", "('t', cloudsync_pk_encode('y'), 'b', '5', 1, 1, x'07', 1, 5)");
        Assert.Equal(["'x'|a|converted|0|'5'|1|0||", "'x'|b|converted|0|5|1|0||", "'x'|c|converted|0|5|1|0||"], Lines(database));
    }

    [Fact]
    public void Values_are_logged_as_converted_when_sqlite_stores_them_as_others()
    {
        string[] literals =
        [
            "5", "-0.0", "5.0", "5.5", "9e18", "1e19", "1e300", "9223372036854775807", "'5'", "' 5 '", "'\t5\n'", "'+5'", "'-5'", "'.5'", "'5.'", "'.'", "'-'", "''", "'1e5'", "'1E+5'", "'1e'",
            "'1e400'", "'0x10'", "'1_0'", "'5 5'", "'- 5'", "'5-'", "'1,000'", "'nan'", "'Infinity'", "'-inf'", "'9223372036854775808'", "'2026-01-02'", "'five'", "x'35'", "NULL", $"'{new string('7', 300)}'",
        ];
        string[] types = ["INTEGER", "TEXT", "REAL", "NUMERIC", "BLOB", ""];
        string columns = string.Join(", ", types.Select((_, i) => $"c{i}"));
        using Database sender = Database.Open();
        using Database receiver = Database.Open();
        sender.Exec($"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, {columns}); SELECT cloudsync_init('t');"
            + string.Concat(literals.Select((literal, i) => $"INSERT INTO t VALUES ('k{i}'{string.Concat(Enumerable.Repeat(", " + literal, types.Length))});")));
        receiver.Exec($"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, {string.Join(", ", types.Select((type, i) => $"c{i} {type}"))});"
            + " SELECT cloudsync_init('t'), cloudsync_set('conflict_log', 1000), cloudsync_set('skip_schema_hash_check', 1)");
        receiver.Scalar("SELECT cloudsync_payload_apply(?)", sender.Scalar("SELECT payload FROM cloudsync_payload_chunks"));
        List<string> expected = [];
        for (int i = 0; i < types.Length; i++)
        {
            Dictionary<object, object?> sent = sender.Query($"SELECT id, typeof(c{i}) FROM t").ToDictionary(row => row[0]!, row => row[1]);
            expected.AddRange(receiver.Query($"SELECT id, typeof(c{i}) FROM t").Where(row => !sent[row[0]!]!.Equals(row[1])).Select(row => $"{row[0]} c{i}"));
        }

        Assert.Equal(
            expected.Order(StringComparer.Ordinal),
            receiver.Query("SELECT cloudsync_pk_decode(pk, 1) || ' ' || col_name FROM cloudsync_conflicts WHERE kind = 'converted'").Select(row => (string)row[0]!).Order(StringComparer.Ordinal));
        Assert.True(expected.Count > 30);
        Assert.Equal((long)expected.Count, receiver.Scalar("SELECT sum(n) FROM cloudsync_check WHERE id = 'D27'"));
    }

    [Fact]
    public void Nothing_is_logged_when_the_row_is_refused()
    {
        using Database database = Open("INSERT INTO t VALUES ('x', 1, 1); CREATE UNIQUE INDEX one ON t(b); INSERT INTO t VALUES ('y', 2, 2)");
        Assert.Throws<SqlException>(() => Apply(database, "('t', cloudsync_pk_encode('x'), 'a', 5, 3, 1, x'07', 1, 0)", "('t', cloudsync_pk_encode('x'), 'b', 2, 3, 1, x'07', 1, 1)"));
        Assert.Empty(Lines(database));
        database.Exec("BEGIN");
        Apply(database, "('t', cloudsync_pk_encode('x'), 'a', 5, 3, 1, x'07', 1, 0)");
        Assert.Single(Lines(database));
        database.Exec("ROLLBACK");
        Assert.Empty(Lines(database));
    }

    [Fact]
    public void Long_values_are_counted_and_not_kept()
    {
        using Database database = Open("INSERT INTO t VALUES ('x', zeroblob(65537), zeroblob(65536))");
        Apply(database, "('t', cloudsync_pk_encode('x'), 'a', 5, 3, 1, x'07', 1, 0)", "('t', cloudsync_pk_encode('x'), 'b', 5, 3, 1, x'07', 1, 1)");
        Assert.Equal(["|65537", "65536|65536"], database.Query("SELECT length(lost_value), lost_bytes FROM cloudsync_conflicts ORDER BY id").Select(row => $"{row[0]}|{row[1]}"));
    }

    [Fact]
    public void Oldest_rows_go_when_the_ring_is_full()
    {
        using Database database = Open("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) INSERT INTO t SELECT i, i, i FROM n", log: 7);
        for (int i = 1; i <= 50; i += 10)
        {
            Apply(database, [.. Enumerable.Range(i, 10).Select(row => $"('t', cloudsync_pk_encode('{row}'), 'a', -1, 2, 1, x'07', 1, {row})")]);
            Assert.Equal(7L, database.Scalar("SELECT count(*) FROM cloudsync_conflicts"));
        }

        Assert.Equal([50L, 44L], database.Query("SELECT max(id), min(id) FROM cloudsync_conflicts")[0]);
        Assert.Equal(50L, database.Scalar("SELECT id FROM cloudsync_conflicts LIMIT 1"));
        Assert.Equal("'50'", database.Scalar("SELECT key FROM cloudsync_conflicts LIMIT 1"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Many_conflicts_are_logged_as_each_alone(bool inTransaction)
    {
        Random random = new(Seed.Next(output));
        List<string> changes = [];
        for (int i = 0; i < 97; i++)
        {
            // Keys that SQLite compares otherwise than by bytes, some longer than those before; values of every kind; one in seven is refused.
            string key = $"printf('%.*c', {(i % 10 == 9 ? 40 * i : 3)}, 'k') || '{i}'";
            string table = random.Next(3) == 0 ? "u" : "t";
            changes.Add($"('{table}', cloudsync_pk_encode({key}), 'a', {Value(random, i)}, {random.Next(1, 4)}, {i / 5 + 1}, x'07', 1, {2 * i})");
            changes.Add($"('{table}', cloudsync_pk_encode({key}), 'b', {(random.Next(7) == 0 ? -1 : i)}, 2, {i / 5 + 1}, x'0{random.Next(7, 9)}', 1, {2 * i + 1})");
        }

        string fill = string.Concat(changes.Where((_, i) => i % 2 == 0).Select((change, i) =>
            $"INSERT INTO {change[2]} VALUES (printf('%.*c', {(i % 10 == 9 ? 40 * i : 3)}, 'k') || '{i}', 'mine', {i % 3});"));
        using Database together = OpenBoth(fill);
        using Database alone = OpenBoth(fill);
        together.Exec(inTransaction ? "BEGIN" : "");
        Apply(together, [.. changes]);
        together.Exec(inTransaction ? "COMMIT" : "");
        for (int i = 0; i < changes.Count; i += 2)
        {
            Apply(alone, changes[i], changes[i + 1]);
        }

        const string Logged = "SELECT tbl, quote(pk), col_name, kind, certain, quote(lost_value), lost_bytes, lost_version, quote(lost_site), lost_cl, won_version,"
            + " quote(won_site), won_cl, db_version, seq, at > 1700000000 FROM cloudsync_conflict_log ORDER BY id";
        string[] expected = [.. alone.Query(Logged).Select(row => string.Join("|", row)).Select(line => line.Replace(Site(alone), "here", StringComparison.Ordinal))];
        Assert.Equal(expected, together.Query(Logged).Select(row => string.Join("|", row)).Select(line => line.Replace(Site(together), "here", StringComparison.Ordinal)));
        Assert.InRange(expected.Length, 60, 190);
        Assert.True((long)together.Scalar("SELECT count(*) FROM cloudsync_waiting")! > 0);
    }

    [Fact]
    public void Log_is_refused_more_rows_than_it_can_have()
    {
        using Database database = Open("");
        Assert.Equal(
            "cloudsync_set: conflict_log is 1000001, it must be an integer from 0 to 1000000",
            Assert.Throws<SqlException>(() => database.Scalar("SELECT cloudsync_set('conflict_log', 1000001)")).Text);
    }

    private static string Site(Database database) => (string)database.Scalar("SELECT quote(cloudsync_siteid())")!;

    private static string Value(Random random, int i) => random.Next(6) switch
    {
        0 => "NULL",
        1 => $"{i}.5",
        2 => $"x'{i:x4}'",
        3 => $"printf('%.*c', {random.Next(1, 70_000)}, 'v')",
        4 => $"'text {i}'",
        _ => $"{i}",
    };

    private static Database OpenBoth(string sql)
    {
        Database database = Database.Open();
        database.Exec(string.Concat(((string[])["t", "u"]).Select(name =>
            $"CREATE TABLE {name}(id TEXT PRIMARY KEY COLLATE NOCASE NOT NULL, a, b CHECK (b >= 0)); SELECT cloudsync_init('{name}', 'cls', 4);"))
            + "SELECT cloudsync_set('conflict_log', 1000), cloudsync_set('apply_refused', 'wait'), cloudsync_set('skip_schema_hash_check', 1);" + sql);
        return database;
    }

    private static Database Open(string sql, int log = 100)
    {
        Database database = Database.Open();
        database.Exec(Schema + (log == 0 ? "" : $"SELECT cloudsync_set('conflict_log', {log});") + sql);
        return database;
    }

    private static void Apply(Database target, params string[] changes)
    {
        using Database source = Database.Open();
        source.Exec(Schema);
        object? payload = source.Scalar("WITH c(tbl, pk, col, value, version, db, site, cl, seq) AS (VALUES " + string.Join(", ", changes)
            + ") SELECT cloudsync_payload_encode(tbl, pk, col, value, version, db, site, cl, seq) FROM c");
        target.Scalar("SELECT cloudsync_payload_apply(?)", payload);
    }

    private static string[] Lines(Database database) => [.. database.Query(Rows).Select(row => string.Join("|", row))];
}
