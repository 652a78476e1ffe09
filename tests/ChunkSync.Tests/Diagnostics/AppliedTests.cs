using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Diagnostics;

/// <summary>The table <c>cloudsync_applied</c>: what the last call changed, no more and no less.</summary>
public class AppliedTests(Xunit.Abstractions.ITestOutputHelper output)
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); CREATE TABLE k(x INTEGER, y TEXT, PRIMARY KEY(x, y)) WITHOUT ROWID;"
        + " SELECT cloudsync_init('t'), cloudsync_init('k');";

    private const string Rows = "SELECT tbl, key, kind, columns, n FROM cloudsync_applied";

    [Fact]
    public void Rows_are_listed_once_with_what_became_of_them_when_a_payload_is_applied()
    {
        using Database source = Open();
        using Database target = Open();
        Assert.Empty(target.Query(Rows));
        source.Exec("INSERT INTO t VALUES ('a', 1, 1), ('b', 2, 2), ('c', 3, 3); INSERT INTO k VALUES (1, 'one')");
        Assert.Equal(7L, Apply(source, target));
        Assert.Equal(["t|'a'|insert|a,b|1", "t|'b'|insert|a,b|1", "t|'c'|insert|a,b|1", "k|1, 'one'|insert||1"], Lines(target));
        Assert.Equal(target.Scalar("SELECT cloudsync_pk_encode('a')"), target.Scalar("SELECT pk FROM cloudsync_applied LIMIT 1"));

        source.Exec("UPDATE t SET b = 7 WHERE id = 'a'; DELETE FROM t WHERE id = 'b'; DELETE FROM k");
        Apply(source, target, since: 1);
        Assert.Equal(["t|'a'|update|b|1", "t|'b'|delete||1", "k|1, 'one'|delete||1"], Lines(target));
        Apply(source, target, since: 1);
        Assert.Empty(Lines(target));
    }

    [Fact]
    public void Row_is_one_line_when_several_changes_of_a_call_are_about_it()
    {
        using Database source = Open();
        using Database target = Open();
        source.Exec("INSERT INTO t VALUES ('a', 1, 1), ('b', 1, 1)");
        Apply(source, target);
        source.Exec("UPDATE t SET a = 2; UPDATE t SET b = 3; INSERT INTO t VALUES ('c', 1, 1); UPDATE t SET a = 5 WHERE id = 'c'");
        Apply(source, target, since: 1);
        Assert.Equal(["t|'a'|update|a,b|2", "t|'b'|update|a,b|2", "t|'c'|insert|a,b|2"], Lines(target));
    }

    [Fact]
    public void Row_that_came_and_went_is_no_line_when_both_are_in_one_call()
    {
        using Database target = Open();
        byte[] payload = Payload("('t', cloudsync_pk_encode('x'), 'a', 1, 1, 1, x'07', 1, 0)", "('t', cloudsync_pk_encode('y'), 'a', 1, 1, 1, x'07', 1, 1)",
            "('t', cloudsync_pk_encode('x'), '__[RIP]__', NULL, 2, 2, x'07', 2, 0)");
        target.Scalar("SELECT cloudsync_payload_apply(?)", payload);
        Assert.Equal(["t|'y'|insert|a|1"], Lines(target));
    }

    [Fact]
    public void Nothing_is_listed_when_a_retry_has_nothing_to_try()
    {
        using Database source = Open();
        using Database target = Open();
        source.Exec("INSERT INTO t VALUES ('a', 1, 1)");
        Apply(source, target);
        Assert.Equal(["t|'a'|insert|a,b|1"], Lines(target));
        Assert.Equal(0L, target.Scalar("SELECT cloudsync_waiting_retry()"));
        Assert.Empty(Lines(target));
    }

    [Fact]
    public void Row_of_a_tree_is_listed_when_a_received_move_puts_it_elsewhere()
    {
        const string Tree = "CREATE TABLE i(id TEXT PRIMARY KEY NOT NULL, title, parent TEXT, pos); SELECT cloudsync_init('i'); SELECT cloudsync_tree_init('i', 'parent', 'pos');";
        using Database source = Database.Open();
        using Database target = Database.Open();
        source.Exec(Tree + "INSERT INTO i VALUES ('a', 'A', NULL, 'n0'), ('b', 'B', NULL, 'n1'), ('c', 'C', 'a', 'n0')");
        target.Exec(Tree);
        Apply(source, target);
        long since = (long)source.Scalar("SELECT cloudsync_db_version()")!;
        source.Exec("UPDATE i SET parent = 'b' WHERE id = 'c'");
        Apply(source, target, since);
        Assert.Equal("b", target.Scalar("SELECT parent FROM i WHERE id = 'c'"));
        Assert.Equal(["i|'c'|update|parent,pos|1"], Lines(target).Where(line => line.StartsWith("i|", StringComparison.Ordinal)));
        Assert.Equal(target.Scalar("SELECT cloudsync_pk_encode('c')"), target.Scalar("SELECT pk FROM cloudsync_applied WHERE tbl = 'i'"));
    }

    [Fact]
    public void Children_are_listed_when_a_foreign_key_takes_them_along()
    {
        const string Related = "PRAGMA foreign_keys = ON; CREATE TABLE p(id TEXT PRIMARY KEY NOT NULL);"
            + " CREATE TABLE c(id TEXT PRIMARY KEY NOT NULL, p REFERENCES p ON DELETE CASCADE, s REFERENCES p ON DELETE SET NULL);"
            + " SELECT cloudsync_init('p'), cloudsync_init('c');";
        using Database source = Database.Open();
        using Database target = Database.Open();
        source.Exec(Related + "INSERT INTO p VALUES ('p1'), ('p2')");
        target.Exec(Related);
        Apply(source, target);
        target.Exec("INSERT INTO c VALUES ('c1', 'p1', NULL), ('c2', 'p2', 'p1')");
        source.Exec("DELETE FROM p WHERE id = 'p1'");
        Apply(source, target, since: 1);
        Assert.Equal(["c|'c1'|delete||1", "c|'c2'|update|s|1", "p|'p1'|delete||1"], Lines(target).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Nothing_is_listed_when_the_transaction_is_rolled_back()
    {
        using Database target = Open();
        byte[] payload = Payload("('t', cloudsync_pk_encode('x'), 'a', 1, 1, 1, x'07', 1, 0)");
        target.Exec("BEGIN");
        target.Scalar("SELECT cloudsync_payload_apply(?)", payload);
        Assert.Single(Lines(target));
        target.Exec("ROLLBACK");
        Assert.Empty(Lines(target));
        target.Exec("BEGIN");
        target.Scalar("SELECT cloudsync_payload_apply(?)", payload);
        target.Exec("COMMIT; BEGIN; INSERT INTO t VALUES ('own', 1, 1); ROLLBACK; SAVEPOINT s; INSERT INTO t VALUES ('own', 1, 1); ROLLBACK TO s; RELEASE s");
        Assert.Equal(["t|'x'|insert|a|1"], Lines(target));
    }

    [Fact]
    public void All_is_to_be_read_anew_when_a_part_of_the_transaction_is_rolled_back()
    {
        using Database target = Open();
        target.Exec("BEGIN; INSERT INTO t VALUES ('own', 1, 1); SAVEPOINT s");
        target.Scalar("SELECT cloudsync_payload_apply(?)", Payload("('t', cloudsync_pk_encode('x'), 'a', 1, 1, 1, x'07', 1, 0)"));
        target.Exec("ROLLBACK TO s; COMMIT");
        Assert.Equal(["||more||1"], Lines(target));
    }

    [Fact]
    public void Rows_before_a_refused_one_are_listed_when_a_payload_fails_there()
    {
        using Database target = Database.Open();
        target.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a CHECK (a < 10), b); CREATE TABLE log(x);"
            + "CREATE TABLE k(x INTEGER, y TEXT, PRIMARY KEY(x, y)) WITHOUT ROWID; SELECT cloudsync_init('t'), cloudsync_init('k');"
            + "CREATE TRIGGER before BEFORE INSERT ON t BEGIN INSERT INTO log VALUES (NEW.id); SELECT RAISE(FAIL, 'no') WHERE NEW.a = 7; END");
        foreach (long refused in (long[])[10, 7])
        {
            target.Exec("DELETE FROM t");
            byte[] payload = Payload($"('t', cloudsync_pk_encode('x{refused}'), 'a', 1, 1, 1, x'07', 1, 0)",
                $"('t', cloudsync_pk_encode('y{refused}'), 'a', {refused}, 1, 1, x'07', 1, 1)", $"('t', cloudsync_pk_encode('z{refused}'), 'a', 3, 1, 1, x'07', 1, 2)");
            SqlException failure = Assert.Throws<SqlException>(() => target.Scalar("SELECT cloudsync_payload_apply(?)", payload));
            Assert.Equal([$"t|'x{refused}'|insert|a|1"], Lines(target));
            Assert.Equal(1L, target.Scalar("SELECT count(*) FROM t"));
            Assert.Equal(failure.Text, target.Scalar("SELECT last_error FROM cloudsync_status"));
        }
    }

    [Fact]
    public void Writes_are_counted_when_they_do_not_fit()
    {
        using Database source = Open();
        using Database target = Open();
        source.Exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO t SELECT 'k' || i, i, i FROM n");
        target.Exec("SELECT cloudsync_set('applied_bytes', 4096)");
        Apply(source, target);
        long listed = (long)target.Scalar("SELECT count(*) FROM cloudsync_applied WHERE kind = 'insert'")!;
        Assert.InRange(listed, 50, 120);
        Assert.Equal(500 - listed, target.Scalar("SELECT n FROM cloudsync_applied WHERE kind = 'more'"));
        target.Exec("SELECT cloudsync_set('applied_bytes', 0)");
        source.Exec("UPDATE t SET a = 0");
        Apply(source, target, since: 1);
        Assert.Empty(Lines(target));
        target.Exec("SELECT cloudsync_set('applied_bytes', NULL)");
        source.Exec("UPDATE t SET a = 1");
        Apply(source, target, since: 2);
        Assert.Equal(500L, target.Scalar("SELECT count(*) FROM cloudsync_applied WHERE kind = 'update' AND n = 1 AND columns = 'a'"));
    }

    [Fact]
    public void Lines_are_the_difference_of_the_tables_when_random_payloads_are_applied()
    {
        Random random = new(Seed.Next(output));
        using Database source = Open();
        using Database target = Open();
        for (int turn = 0; turn < 60; turn++)
        {
            for (int i = random.Next(6); i >= 0; i--)
            {
                source.Exec(random.Next(5) switch
                {
                    0 => $"DELETE FROM t WHERE id = 'r{random.Next(8)}'",
                    1 => $"INSERT OR IGNORE INTO k VALUES ({random.Next(4)}, 'y')",
                    2 => $"DELETE FROM k WHERE x = {random.Next(4)}",
                    3 => $"UPDATE t SET b = {turn} WHERE id = 'r{random.Next(8)}'",
                    _ => $"INSERT OR REPLACE INTO t VALUES ('r{random.Next(8)}', {turn}, {i})",
                });
            }

            Dictionary<string, string> before = Content(target);
            if (Apply(source, target, since: random.Next((int)(long)source.Scalar("SELECT cloudsync_db_version()")! + 1)) == 0)
            {
                continue;
            }

            Dictionary<string, string> after = Content(target);
            string[] expected = [.. before.Keys.Union(after.Keys).Where(key => before.GetValueOrDefault(key) != after.GetValueOrDefault(key))
                .Select(key => $"{key} {(before.ContainsKey(key) ? after.ContainsKey(key) ? "update" : "delete" : "insert")}").Order(StringComparer.Ordinal)];
            string[] listed = [.. target.Query("SELECT tbl, hex(pk), kind FROM cloudsync_applied").Select(row => $"{row[0]} {row[1]} {row[2]}").Order(StringComparer.Ordinal)];

            // A row can be written with the values that it has.
            Assert.Equal(expected, expected.Intersect(listed));
            Assert.All(listed.Except(expected), line => Assert.EndsWith(" update", line));
        }
    }

    private static Dictionary<string, string> Content(Database database) => database.Query(
        "SELECT 't ' || hex(cloudsync_pk_encode(id)), quote(a) || quote(b) FROM t UNION ALL SELECT 'k ' || hex(cloudsync_pk_encode(x, y)), '' FROM k")
        .ToDictionary(row => (string)row[0]!, row => (string)row[1]!);

    private static Database Open()
    {
        Database database = Database.Open();
        database.Exec(Schema);
        return database;
    }

    private static byte[] Payload(params string[] changes)
    {
        using Database source = Open();
        return (byte[])source.Scalar("WITH c(tbl, pk, col, value, version, db, site, cl, seq) AS (VALUES " + string.Join(", ", changes)
            + ") SELECT cloudsync_payload_encode(tbl, pk, col, value, version, db, site, cl, seq) FROM c")!;
    }

    private static long Apply(Database source, Database target, long since = 0) => source.Query(
        "SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = ?", since).Sum(row => (long)target.Scalar("SELECT cloudsync_payload_apply(?)", row[0])!);

    private static string[] Lines(Database database) => [.. database.Query(Rows).Select(row => string.Join("|", row))];
}
