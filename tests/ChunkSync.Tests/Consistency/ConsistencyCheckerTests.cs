using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Consistency;

/// <summary>The consistency check finds what it should, says where it is, and lets pass what is named.</summary>
public class ConsistencyCheckerTests
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, B); SELECT cloudsync_init('t');"
        + " INSERT INTO t VALUES ('x', 1, 2), ('y', 3, 4); DELETE FROM t WHERE id = 'y';";

    /// <summary>What is done to a good database, and a part of what is said about it.</summary>
    public static TheoryData<string, string> Damages => new()
    {
        { "DELETE FROM t_cloudsync WHERE col_name = 'b'", "key ('x') = x'010B0178': a row without clocks for B" },
        { "DELETE FROM t_cloudsync WHERE col_name <> '__[RIP]__'", "key ('x') = x'010B0178': a row without any clock" },
        { "DROP TRIGGER cloudsync_after_insert_t; INSERT INTO t VALUES ('z', 1, 2)", "trigger cloudsync_after_insert_t is missing" },
        { "UPDATE t_cloudsync SET col_version = 3 WHERE col_name = '__[RIP]__'", "key ('y') = x'010B0179': no row, and 1 clocks that say that it is alive" },
        {
            "INSERT INTO t_cloudsync VALUES (cloudsync_pk_encode('y'), 'a', 1, 1, 0, 0)",
            "key ('y') = x'010B0179': no row, an even sentinel (2), and 1 more clocks"
        },
        { "INSERT INTO t_cloudsync VALUES (cloudsync_pk_encode('n'), 'a', 1, 1, 0, 0)", "key ('n') = x'010B016E': no row, and 1 clocks" },
        { "INSERT INTO t_cloudsync VALUES (cloudsync_pk_encode('x'), '__[RIP]__', 4, 1, 0, 0)", "a row whose sentinel is even (4: deleted)" },
        { "INSERT INTO t_cloudsync VALUES (cloudsync_pk_encode('x'), 'old', 1, 1, 0, 0)", "a clock for column old, which the table does not have" },
        { "UPDATE t_cloudsync SET col_version = 1.5 WHERE col_name = 'a'", "a: col_version is 1.5 (not an integer)" },
        { "UPDATE t_cloudsync SET col_version = -1 WHERE col_name = 'a'", "a: col_version is -1, it should be an integer from 0" },
        { "UPDATE t_cloudsync SET db_version = 0 WHERE col_name = 'a'", "a row that is not outside a filter, with clocks whose db_version is 0" },
        { "UPDATE t_cloudsync SET db_version = 1 << 62 WHERE col_name = 'a'", "a: db_version is 4611686018427387904" },
        { "UPDATE t_cloudsync SET seq = NULL WHERE col_name = 'a'", "a: seq is NULL" },
        { "UPDATE t_cloudsync SET site_id = 7 WHERE col_name = 'a'", "a: site_id 7 is not in cloudsync_site_id" },
        { "UPDATE t_cloudsync SET pk = CAST(pk AS TEXT) WHERE col_name = 'a'", "are not BLOB and TEXT" },
        { "ALTER TABLE t ADD COLUMN c", "trigger cloudsync_after_update_t does not fit the table" },
        { "ALTER TABLE t ADD COLUMN c", "a row without clocks for c" },
        { "DROP TABLE t", "table t: it has clocks, and is gone or has no key" },
        { "CREATE TABLE n AS SELECT * FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t", "table t: it has clocks, and is gone or has no key" },
        { "SELECT cloudsync_disable('t'); INSERT INTO t VALUES ('z', 1, 2)", "key ('z') = x'010B017A': a row without any clock" },
        { "BEGIN; SELECT cloudsync_begin_alter('t'); COMMIT", "trigger cloudsync_after_update_t is missing" },
    };

    /// <summary>What deviates, and what it is called.</summary>
    public static TheoryData<string, Deviation> Named => new()
    {
        { "SELECT cloudsync_disable('t'); INSERT INTO t VALUES ('z', 1, 2); DELETE FROM t WHERE id = 'x'", Deviation.Disabled },
        { "ALTER TABLE t ADD COLUMN c", Deviation.PlainAlter },
        { "DROP TABLE t", Deviation.Rebuilt },
        { "CREATE TRIGGER u AFTER INSERT ON t BEGIN SELECT 1; END; DELETE FROM t_cloudsync WHERE pk = cloudsync_pk_encode('x')", Deviation.UserTrigger },
        { "DELETE FROM t_cloudsync WHERE col_name = 'b'", Deviation.ColumnsOnTheirWay },
        { "DELETE FROM t_cloudsync; DELETE FROM cloudsync_site_id", Deviation.Damaged },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void Damage_is_named_with_table_and_key_when_a_statement_leaves_it(string damage, string text)
    {
        using Database database = Database.Open();
        database.Exec(Schema);
        string said = Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => database.Exec(damage)).Message;
        database.Deviates(Deviation.Damaged, "it stays like this");
        Assert.Contains("clocks and rows do not fit after: " + damage, said, StringComparison.Ordinal);
        Assert.Contains("table t", said, StringComparison.Ordinal);
        Assert.Contains(text, said, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Named))]
    public void Deviation_passes_when_it_is_named_and_not_otherwise(string sql, Deviation deviation)
    {
        using (Database database = Database.Open())
        {
            database.Exec(Schema);
            database.Deviates(deviation, "it is what is tried");
            database.Exec(sql);
        }

        using Database strict = Database.Open();
        strict.Exec(Schema);
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => strict.Exec(sql));
        strict.Deviates(Deviation.Damaged, "it stays like this");
    }

    [Fact]
    public void Damage_is_found_at_the_end_when_a_prepared_statement_left_it()
    {
        Database database = Database.Open();
        database.Exec(Schema);
        using (BoundStatement damage = new(database, "DELETE FROM t_cloudsync WHERE col_name <> ''"))
        {
            damage.Run();
        }

        string said = Assert.ThrowsAny<Xunit.Sdk.XunitException>(database.Dispose).Message;
        Assert.Contains("before it was closed", said, StringComparison.Ordinal);
    }

    [Fact]
    public void Damage_is_found_at_the_end_when_the_table_is_large()
    {
        Database database = Database.Open();
        database.Exec(Schema + "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT 'k' || i, i, i FROM n");
        database.Exec("DELETE FROM t_cloudsync WHERE pk = cloudsync_pk_encode('k1000') AND col_name = 'a'");
        string said = Assert.ThrowsAny<Xunit.Sdk.XunitException>(database.Dispose).Message;
        Assert.Contains("key ('k1000')", said, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_said_between_begin_and_commit_alter_only()
    {
        using Database database = Database.Open();
        database.Exec(Schema);
        database.Exec("SELECT cloudsync_begin_alter('t')");
        database.Exec("ALTER TABLE t ADD COLUMN c");
        database.Exec("INSERT INTO t VALUES ('z', 1, 2, 3)");
        database.Exec("SELECT cloudsync_commit_alter('t')");
        database.Exec("BEGIN; SAVEPOINT s; SELECT cloudsync_begin_alter('t')");
        database.Exec("ROLLBACK TO s");
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => database.Exec("DELETE FROM t_cloudsync WHERE col_name = 'c'"));
        database.Exec("ROLLBACK");
    }

    [Fact]
    public void Rows_may_lack_columns_when_they_were_received_so_and_no_others_may()
    {
        using Database database = Database.Open();
        database.Exec(Schema);
        database.Exec("INSERT INTO cloudsync_changes(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq)"
            + " VALUES ('t', cloudsync_pk_encode('r'), 'a', 1, 1, 1, zeroblob(16), 1, 0)");
        database.Exec("UPDATE t SET id = 's' WHERE id = 'r'");
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => database.Exec("DELETE FROM t_cloudsync WHERE col_name = 'b'"));
        database.Deviates(Deviation.Damaged, "it stays like this");
    }

    [Fact]
    public void Filter_is_known_when_it_is_set()
    {
        using Database database = Database.Open();
        database.Exec(Schema);
        database.Exec("SELECT cloudsync_set_filter('t', 'a > 5')");
        database.Exec("INSERT INTO t VALUES ('in', 6, 0), ('out', 1, 0), ('leaves', 7, 0), ('enters', 1, 1)");
        database.Exec("UPDATE t SET a = 13 - a WHERE id IN ('leaves', 'enters')");
        database.Exec("DELETE FROM t WHERE id = 'leaves'");
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => database.Exec("DELETE FROM t_cloudsync WHERE pk = cloudsync_pk_encode('in')"));
        database.Deviates(Deviation.Damaged, "it stays like this");
    }

    [Fact]
    public void Keys_of_all_kinds_fit_when_they_are_captured()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(k1, v, k2, PRIMARY KEY(k2, k1)); SELECT cloudsync_init('t')");
        foreach (object? value in (object?[])
            [0L, 1L, -1L, 255L, 256L, long.MinValue, long.MaxValue, 0.5, 1.5, -1.5, double.PositiveInfinity, double.NegativeInfinity, "", "a", "ä\0b",
                new string('x', 300), Array.Empty<byte>(), new byte[] { 0, 255 }, new byte[70_000]])
        {
            database.Run("INSERT INTO t VALUES (?, 1, 'k')", value);
            database.Run("INSERT INTO t VALUES ('k', 1, ?)", value);
        }

        Assert.Equal(38L, database.Scalar("SELECT count(*) FROM t"));
    }
}
