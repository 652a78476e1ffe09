using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Capture;

/// <summary>What follows an undone change of schema or metadata, in the same transaction or behind it, goes as if the change had never
/// been: the same statements on a database without it are the oracle.</summary>
public class UndoTests(ITestOutputHelper output)
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');"
        + " CREATE TABLE u(id TEXT PRIMARY KEY NOT NULL, x); INSERT INTO u VALUES ('u1', 1);"
        + " CREATE TABLE w(id TEXT PRIMARY KEY NOT NULL, y); SELECT cloudsync_init('w');"
        + " INSERT INTO t VALUES ('k1', 1, 1), ('k2', 2, 2); DELETE FROM t WHERE id = 'k2';";

    /// <summary>Combinations tried per change and run.</summary>
    private const int Samples = 8;

    private const string Write = "INSERT INTO t(id, a) VALUES ('n1', 1); UPDATE t SET a = 5, b = 6 WHERE id = 'k1';"
        + " DELETE FROM t WHERE id = 'n1'; INSERT INTO t(id, b) VALUES ('n2', 2); INSERT INTO u VALUES ('u2', 2); INSERT INTO w VALUES ('w1', 1)";

    private static readonly string[] Changes =
    [
        "SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN c DEFAULT 1; SELECT cloudsync_commit_alter('t')",
        "SELECT cloudsync_begin_alter('t'); ALTER TABLE t DROP COLUMN b; SELECT cloudsync_commit_alter('t')",
        "SELECT cloudsync_begin_alter('t'); ALTER TABLE t RENAME COLUMN b TO c; SELECT cloudsync_commit_alter('t')",
        "SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN c",
        "ALTER TABLE t ADD COLUMN c",
        "ALTER TABLE t RENAME COLUMN b TO c",
        "SELECT cloudsync_init('u')",
        "SELECT cloudsync_cleanup('t')",
        "SELECT cloudsync_cleanup('t'); SELECT cloudsync_cleanup('w')",
        "SELECT cloudsync_cleanup('t'); SELECT cloudsync_cleanup('w'); SELECT cloudsync_init('u')",
        "SELECT cloudsync_set_filter('t', 'a > 1')",
        "SELECT cloudsync_set_filter('t', 'b IS NULL'); SELECT cloudsync_clear_filter('t')",
        "SELECT cloudsync_set_table('t', 'filter', 'a = 77')",
        "SELECT cloudsync_set_table('t', NULL, NULL)",
        "SELECT cloudsync_set('payload_max_chunk_size', '300000')",
        "SELECT cloudsync_cleanup('t'); DROP TABLE t",
        "CREATE TABLE v(id TEXT PRIMARY KEY NOT NULL, z); SELECT cloudsync_init('v', 'gos'); INSERT INTO v VALUES ('v1', 1)",
    ];

    /// <summary>The change, marked C, is looked at where the L is, and undone.</summary>
    private static readonly string[] Undone =
    [
        "BEGIN; C; L; ROLLBACK; BEGIN",
        "BEGIN; SAVEPOINT s; C; L; ROLLBACK TO s",
        "BEGIN; INSERT INTO w VALUES ('w0', 0); SAVEPOINT s; C; L; ROLLBACK TO s",
        "SAVEPOINT s; C; L; ROLLBACK TO s; RELEASE s; BEGIN",
        "BEGIN; INSERT INTO w VALUES ('w0', 0); SAVEPOINT s; C; L; ROLLBACK TO s; C; ROLLBACK TO s; CREATE TABLE other(x)",
        "BEGIN; SAVEPOINT s; C; L; ROLLBACK TO s; CREATE TABLE other1(x); CREATE TABLE other2(x); CREATE TABLE other3(x)",
    ];

    private static readonly string[] Follows = ["write", "apply", "write apply", "apply write", "read write"];

    private static readonly string[] Looks =
    [
        "SELECT 1",
        "SELECT count(*) FROM cloudsync_changes",
        "INSERT INTO w VALUES ('w9', 1)",
        "SELECT cloudsync_db_version()",
    ];

    public static TheoryData<string> AllChanges => [.. Changes];

    [Theory]
    [MemberData(nameof(AllChanges))]
    public void What_follows_goes_as_if_nothing_had_been_when_a_change_is_undone(string change)
    {
        using Database remote = Database.Open();
        remote.Exec(Schema + "UPDATE t SET b = 'remote'; INSERT INTO t VALUES ('r1', 1, 2); INSERT INTO w VALUES ('wr', 3)");
        object? payload = remote.Scalar("SELECT payload FROM cloudsync_payload_chunks");
        (string Undo, string Look, string Follow)[] all =
            [.. from undo in Undone from look in Looks from follow in Follows select (undo, look, follow)];
        Random random = new(Seed.Next(output));
        foreach ((string undo, string look, string follow) in random.GetItems(all, Samples))
        {
            try
            {
                Check(change, undo, look, follow.Split(' '), payload);
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                throw new InvalidOperationException($"{change} | {undo} | {look} | {follow}", failure);
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("INSERT INTO w VALUES ('w0', 0);")]
    [InlineData("SELECT cloudsync_set_filter('w', 'y > 0');")]
    public void Plain_alteration_is_seen_by_the_next_write_and_apply_when_the_transaction_has_been_joined_before(string before)
    {
        using Database database = Database.Open();
        database.Deviates(Deviation.PlainAlter, "columns are added without begin");
        database.Exec(Schema + "BEGIN;" + before + "ALTER TABLE t ADD COLUMN c; INSERT INTO t VALUES ('n', 1, 2, 3);");
        Assert.Equal("a,b,c", Clocks(database, "n"));
        database.Exec("ALTER TABLE t ADD COLUMN d; INSERT INTO t VALUES ('m', 1, 2, 3, 4); COMMIT");
        Assert.Equal("a,b,c,d", Clocks(database, "m"));
    }

    [Fact]
    public void Other_schema_with_the_same_number_is_seen_when_the_first_was_rolled_back_without_a_write()
    {
        using Database database = Database.Open();
        database.Exec(Schema);
        database.Deviates(Deviation.PlainAlter, "columns are added without begin");
        database.Exec("BEGIN; ALTER TABLE t ADD COLUMN c");
        object? number = database.Scalar("PRAGMA schema_version");
        database.Scalar("SELECT count(*) FROM cloudsync_changes");
        database.Exec("ROLLBACK; ALTER TABLE t ADD COLUMN d");
        Assert.Equal(number, database.Scalar("PRAGMA schema_version"));
        database.Exec("INSERT INTO t VALUES ('n', 1, 2, 3)");
        Assert.Equal("a,b,d", Clocks(database, "n"));
    }

    [Fact]
    public void Parts_of_a_long_value_are_those_of_the_value_that_stays_when_another_one_was_undone()
    {
        using Database source = Database.Open();
        using Database target = Database.Open();
        foreach (Database database in (Database[])[source, target])
        {
            database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t'); SELECT cloudsync_set('payload_max_chunk_size', 262144)");
        }

        source.Exec("INSERT INTO t VALUES ('k', zeroblob(1000000)); BEGIN; SAVEPOINT s; UPDATE t SET a = randomblob(1000000)");
        ChunkRow.Read(source, [("since_db_version", 0L)], onlyFirst: true);
        source.Exec("ROLLBACK TO s");
        foreach (ChunkRow chunk in ChunkRow.Drain(source, [("since_db_version", 0L)]))
        {
            target.Scalar("SELECT cloudsync_payload_apply(?)", chunk.Payload);
        }

        source.Exec("COMMIT");
        Assert.Equal(1L, target.Scalar("SELECT a = zeroblob(1000000) FROM t"));
    }

    [Fact]
    public void Failed_statements_cost_no_reading_of_metadata_when_nothing_of_it_was_changed()
    {
        using Database database = Database.Open();
        database.Exec(Schema + "CREATE UNIQUE INDEX ta ON t(a); INSERT INTO t VALUES ('m', 'm', 0); BEGIN; INSERT INTO t VALUES ('n0', 'x', 0)");
        using BoundStatement next = new(database, "INSERT INTO t VALUES ('n' || ?1, 'n' || ?1, 0)");
        int before = Runs(database, "main.cloudsync_table_settings ORDER BY");
        for (long i = 1; i < 10; i++)
        {
            Assert.Throws<SqlException>(() => database.Exec($"INSERT INTO t VALUES ('y{i}', 'y{i}', 0), ('z{i}', 'x', 0)"));
            next.Bind(1, i).Run();
        }

        Assert.Equal(before, Runs(database, "main.cloudsync_table_settings ORDER BY"));
        database.Exec("COMMIT");
        Assert.Equal(12L, database.Scalar("SELECT count(*) FROM t"));
        Assert.Equal(12L, database.Scalar("SELECT count(DISTINCT pk) FROM t_cloudsync WHERE col_name = 'a'"));
    }

    /// <summary>How often the engine's statement with that text ran.</summary>
    private static unsafe int Runs(Database database, string text)
    {
        const int RunCounter = 6;
        int runs = 0;
        for (nint statement = NativeSqlite.NextStatement(database.Handle, 0); statement != 0; statement = NativeSqlite.NextStatement(database.Handle, statement))
        {
            if (ChunkSync.Sqlite.Sqlite3.Utf8String(NativeSqlite.Sql(statement)).Contains(text, StringComparison.Ordinal))
            {
                runs += NativeSqlite.StatementStatus(statement, RunCounter, 0);
            }
        }

        return runs;
    }

    private static void Check(string change, string undo, string look, string[] follow, object? payload)
    {
        using Database changed = Database.Open();
        using Database control = Database.Open();
        changed.Exec(Schema);
        control.Exec(Schema);
        foreach (string step in undo.Split("; "))
        {
            if (step == "L")
            {
                Look(changed, look);
                continue;
            }

            if (step == "C")
            {
                changed.Deviates(DeviationOf(change), "the change does what should not be done, and is undone");
            }
            else if (step.StartsWith("ROLLBACK", StringComparison.Ordinal))
            {
                changed.Conforms();
            }

            changed.Exec(step == "C" ? change : step);
        }

        control.Exec("BEGIN;" + (undo.Contains("'w0'", StringComparison.Ordinal) ? "INSERT INTO w VALUES ('w0', 0)" : ""));
        foreach (string step in follow)
        {
            Follow(changed, step, payload);
            Follow(control, step, payload);
            Assert.Equal(State(control), State(changed));
        }

        foreach (string last in (string[])["COMMIT", "UPDATE t SET a = 'last'"])
        {
            changed.Exec(last);
            control.Exec(last);
            Assert.Equal(State(control), State(changed));
        }
    }

    private static Deviation DeviationOf(string change) =>
        change.StartsWith("ALTER", StringComparison.Ordinal) ? Deviation.PlainAlter
            : change.Contains("cloudsync_set_table('t', 'filter'", StringComparison.Ordinal) ? Deviation.SettingsByHand : Deviation.None;

    /// <summary>Makes the engine read what the change left; it may refuse what it sees.</summary>
    private static void Look(Database database, string sql)
    {
        try
        {
            database.Exec(sql);
        }
        catch (SqlException)
        {
            Assert.True(database.InTransaction);
        }
    }

    private static string Clocks(Database database, string key) => (string)database.Scalar(
        "SELECT group_concat(col_name) FROM (SELECT col_name FROM t_cloudsync WHERE pk = cloudsync_pk_encode(?) ORDER BY 1)", key)!;

    private static void Follow(Database database, string step, object? payload)
    {
        switch (step)
        {
            case "write":
                database.Exec(Write);
                break;
            case "apply":
                database.Scalar("SELECT cloudsync_payload_apply(?)", payload);
                break;
            default:
                database.Scalar("SELECT count(*) FROM cloudsync_changes");
                break;
        }
    }

    /// <summary>Everything but db_versions and seqs, which a savepoint does not give back, and the site's own id.</summary>
    private static string State(Database database)
    {
        List<string> lines = [];
        foreach (string sql in (string[])
        [
            "SELECT hex(pk), col_name, col_version, site_id FROM t_cloudsync ORDER BY 1, 2",
            "SELECT hex(pk), col_name, col_version, site_id FROM w_cloudsync ORDER BY 1, 2",
            "SELECT tbl, hex(pk), col_name, col_value, col_version, cl FROM cloudsync_changes ORDER BY 1, 2, 3",
            "SELECT * FROM cloudsync_table_settings ORDER BY 1, 2, 3",
            "SELECT * FROM cloudsync_settings ORDER BY 1",
            "SELECT name FROM sqlite_master WHERE name NOT LIKE 'other%' ORDER BY 1",
            "SELECT cloudsync_is_enabled('t'), cloudsync_is_enabled('u'), cloudsync_is_enabled('v'), cloudsync_is_enabled('w')",
        ])
        {
            lines.AddRange(database.Query(sql).Select(row => string.Join("|", row.Select(FixtureValues.Describe))));
        }

        return string.Join("\n", lines);
    }
}
