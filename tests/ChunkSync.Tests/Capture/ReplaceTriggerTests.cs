using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Capture;

/// <summary>The TEMP triggers behind the capture of replaced rows: when the schema moves under them, and when they are lost.</summary>
public class ReplaceTriggerTests
{
    private const string Table = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, u, v); SELECT cloudsync_init('t');"
        + " INSERT INTO t VALUES ('a', 1, 'ua', 'va'), ('b', 2, 'ub', 'vb'), ('c', 3, 'uc', 'vc');";

    private const string Index = "CREATE UNIQUE INDEX i ON t(u);";
    private const string Dead = "SELECT group_concat(cloudsync_pk_decode(pk, 1)) FROM t_cloudsync WHERE col_name = '__[RIP]__' AND col_version = 2";

    public static TheoryData<string, string> Losses()
    {
        TheoryData<string, string> data = [];
        foreach (string loss in (string[])
        [
            "CREATE UNIQUE INDEX i2 ON t(v)",
            "PRAGMA temp_store = MEMORY",
            "DROP TRIGGER temp.chunksync_before_insert_t; DROP TRIGGER temp.chunksync_before_update_t",
            "BEGIN; DROP INDEX i; ROLLBACK",
            "ALTER TABLE t RENAME TO x; ALTER TABLE x RENAME TO t",
            "BEGIN; SELECT cloudsync_cleanup('t'); SELECT cloudsync_init('t'); ROLLBACK",
        ])
        {
            foreach (string statement in (string[])["REPLACE INTO t VALUES ('d', 1, 'ua', 'va')", "UPDATE OR REPLACE t SET u = 'ua' WHERE id = 'c'",
                "REPLACE INTO t SELECT id || 'x', a, u, v FROM t WHERE id < 'c' ORDER BY id"])
            {
                data.Add(loss, statement);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void First_statement_is_captured_when_the_triggers_do_not_fit_any_more(string loss, string statement)
    {
        foreach (bool inTransaction in (bool[])[false, true])
        {
            using Database from = Database.Open();
            using Database to = Database.Open();
            from.Exec(Table + Index);
            from.Exec("SELECT cloudsync_init('t')");
            to.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, u UNIQUE, v UNIQUE); SELECT cloudsync_init('t')");
            OneWay link = new(from, to);
            link.Send();
            from.Exec(loss);
            using (from.PauseChecks())
            {
                // Before SQLite 3.40 the rows are looked for at the end of the transaction.
                from.Exec(inTransaction ? "BEGIN" : "");
                from.Exec(statement);
                from.Exec(inTransaction ? "COMMIT" : "");
            }

            from.Conforms();
            link.Send();
            Assert.Equal(from.Query("SELECT * FROM t ORDER BY id"), to.Query("SELECT * FROM t ORDER BY id"));

            // From here on the triggers are there.
            object? version = from.Scalar("PRAGMA temp.schema_version");
            from.Exec("REPLACE INTO t VALUES ('z', 1, 'uc', 'z')");
            Assert.Equal(version, from.Scalar("PRAGMA temp.schema_version"));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void First_statement_is_captured_when_another_connection_made_the_index(bool inTransaction)
    {
        using TempFile file = new();
        using Database first = Database.Open(file.Path);
        using Database second = Database.Open(file.Path);
        first.Exec(Table);
        second.Exec("UPDATE t SET a = 5 WHERE id = 'a'");
        first.Exec(Index);
        second.Exec(inTransaction ? "BEGIN; UPDATE t SET a = 6 WHERE id = 'b'" : "");
        using (second.PauseChecks())
        {
            second.Exec("REPLACE INTO t VALUES ('d', 1, 'ua', 'vd')");
            second.Exec(inTransaction ? "COMMIT" : "");
        }

        Assert.Equal("a", second.Scalar(Dead));
        first.Exec("REPLACE INTO t VALUES ('e', 1, 'ub', 'vd')");
        Assert.Equal("a,b", first.Scalar(Dead));
    }

    [Fact]
    public void Statement_without_replace_is_not_run_twice_when_the_triggers_are_missing()
    {
        using Database database = Database.Open();
        database.Exec(Table + Index + "BEGIN; INSERT INTO t VALUES ('d', 1, 'ud', 'vd'); COMMIT");
        Assert.Equal(["0", "1", "2"], database.Query("SELECT seq || '' FROM t_cloudsync WHERE db_version = 2 ORDER BY seq").Select(row => row[0]));
        Assert.Equal(2L, database.Scalar("SELECT count(*) FROM sqlite_temp_master"));
    }

    [Theory]
    [InlineData("SELECT cloudsync_set_filter('t', 'a < 3')")]
    [InlineData("SELECT cloudsync_disable('t'); DELETE FROM t WHERE id = 'c'; SELECT cloudsync_enable('t'); SELECT cloudsync_init('t')")]
    public void Rows_left_out_on_purpose_stay_alive_elsewhere_when_the_triggers_are_missing(string leftOut)
    {
        using Database database = Database.Open();
        database.Exec(Table);
        database.Deviates(Deviation.Disabled | Deviation.Filter, "rows are left out on purpose");
        database.Exec(leftOut);
        database.Exec(Index + "PRAGMA temp_store = MEMORY");
        object? rows = database.Scalar("SELECT group_concat(id) FROM t");
        SqlException failure = Assert.Throws<SqlException>(() => database.Exec("REPLACE INTO t VALUES ('d', 1, 'ua', 'vd')"));
        Assert.Contains("Call SELECT cloudsync_init('t') and run it again", failure.Text);
        Assert.Equal(rows, database.Scalar("SELECT group_concat(id) FROM t"));
        database.Exec("SELECT cloudsync_init('t'); REPLACE INTO t VALUES ('d', 1, 'ua', 'vd')");
        Assert.Equal("a", database.Scalar(Dead));
        if (!NativeSqlite.IsOld)
        {
            // Before SQLite 3.40 a transaction is no better.
            database.Exec("PRAGMA temp_store = FILE; BEGIN; REPLACE INTO t VALUES ('e', 1, 'ub', 've'); COMMIT");
            Assert.Equal("a,b", database.Scalar(Dead));
        }
    }

    [Theory]
    [InlineData("DROP INDEX i; ALTER TABLE t DROP COLUMN u")]
    [InlineData("ALTER TABLE t RENAME COLUMN u TO w")]
    [InlineData("DROP TABLE t; CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, x, y, z)")]
    [InlineData("CREATE TABLE n(id TEXT PRIMARY KEY NOT NULL, x, y); INSERT INTO n SELECT id, a, v FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t")]
    [InlineData("ALTER TABLE t RENAME TO t2")]
    [InlineData("DROP INDEX i; CREATE UNIQUE INDEX i ON t(lower(v)) WHERE a > 1")]
    public void Statements_still_run_when_another_connection_changed_the_columns(string change)
    {
        using TempFile file = new();
        using Database first = Database.Open(file.Path).Deviates(Deviation.Rebuilt | Deviation.PlainAlter, "the table is altered as it should not be");
        first.Exec(Table.Replace("'t');", "'t', 'gos');", StringComparison.Ordinal) + Index + "CREATE TABLE other(x)");
        using Database second = Database.Open(file.Path).Deviates(Deviation.Rebuilt | Deviation.PlainAlter, "the table is altered as it should not be");
        Assert.Equal(2L, second.Scalar("SELECT count(*) FROM sqlite_temp_master"));
        first.Exec(change);
        string table = change.EndsWith("t2", StringComparison.Ordinal) ? "t2" : "t";
        second.Exec("ALTER TABLE other ADD COLUMN y; INSERT INTO other VALUES (1, 2)");
        foreach (Database database in (Database[])[second, first])
        {
            try
            {
                database.Exec($"INSERT INTO {table}(id) VALUES ('{database.GetHashCode()}')");
            }
            catch (SqlException failure)
            {
                // A renamed table is not tracked by its new name.
                Assert.Contains("cloudsync_insert", failure.Text);
            }
        }

        second.Exec($"DROP TABLE {table}; DROP TABLE other");
    }

    [Theory]
    [InlineData("ALTER TABLE t RENAME COLUMN u TO w")]
    [InlineData("ALTER TABLE t ADD COLUMN w")]
    [InlineData("DROP INDEX i; ALTER TABLE t DROP COLUMN u")]
    [InlineData("CREATE UNIQUE INDEX i2 ON t(v)")]
    public void Replaced_rows_are_captured_when_the_table_was_altered(string change)
    {
        using Database database = Database.Open();
        database.Exec(Table + Index + "SELECT cloudsync_begin_alter('t');" + change + "; SELECT cloudsync_commit_alter('t')");
        string columns = (string)database.Scalar("SELECT group_concat('\"' || name || '\"') FROM pragma_table_info('t') WHERE name <> 'id'")!;
        database.Exec($"REPLACE INTO t(id, {columns}) SELECT 'x', {columns} FROM t WHERE id = 'a'");
        database.Conforms();
    }

    [Fact]
    public void Odd_names_are_quoted_when_the_triggers_are_made()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE \"o\"\"d'd new\"(\"the \"\"key\" TEXT NOT NULL, new, old UNIQUE, \"select\" COLLATE RTRIM UNIQUE, rowid, PRIMARY KEY(\"the \"\"key\"));"
            + " CREATE UNIQUE INDEX \"x'y\" ON \"o\"\"d'd new\"((new || 'a''b,') COLLATE nocase DESC, [select]) WHERE [select] IS NOT \"old\" -- end");
        database.Run("SELECT cloudsync_init(?)", "o\"d'd new");
        database.Exec("INSERT INTO \"o\"\"d'd new\" VALUES ('a', 'N', 1, 'x', 1), ('b', 'M', 2, 'y', 2), ('c', 'O', 3, 'z', 3);"
            + "REPLACE INTO \"o\"\"d'd new\" VALUES ('d', 'n', 5, 'x', 1); UPDATE OR REPLACE \"o\"\"d'd new\" SET old = 2, \"select\" = 'z  ' WHERE rowid = 1");
        Assert.Equal("d", database.Scalar("SELECT group_concat(\"the \"\"key\") FROM \"o\"\"d'd new\""));
        Assert.Equal(2L, database.Scalar("SELECT count(*) FROM sqlite_temp_master"));
        database.Conforms();
    }

    [Fact]
    public void Expressions_are_compared_as_the_index_does_when_columns_have_affinity_and_collation()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a INTEGER, n TEXT COLLATE NOCASE, r REAL, flag INTEGER);"
            + " CREATE UNIQUE INDEX i1 ON t((CASE WHEN a = '5' THEN 'five' || coalesce(r, '') END));"
            + " CREATE UNIQUE INDEX i2 ON t(n) WHERE flag = '1'; CREATE UNIQUE INDEX i3 ON t((n = 'x'), r);"
            + " SELECT cloudsync_init('t'); INSERT INTO t VALUES ('a', 5, 'q', 1, 0), ('b', 6, 'N', 2, 1), ('c', 7, 'X', 3, 0), ('d', 8, 'N', 4, 0);");
        database.Exec("REPLACE INTO t VALUES ('e', '5', 'w', '1.0', 0); REPLACE INTO t VALUES ('f', 6, 'n', 9, '1'); REPLACE INTO t VALUES ('g', 7, 'x', 3, 0);"
            + " UPDATE OR REPLACE t SET flag = 1 WHERE id = 'd'");
        Assert.Equal("d,e,g", database.Scalar("SELECT group_concat(id) FROM (SELECT id FROM t ORDER BY id)"));
        database.Conforms();
    }

    [Fact]
    public void All_removed_rows_are_captured_when_an_equal_number_takes_the_updated_row_along()
    {
        using Database database = Database.Open();
        database.Exec("PRAGMA foreign_keys = ON; CREATE TABLE t(id PRIMARY KEY NOT NULL, a, p REFERENCES t(id) ON DELETE CASCADE); SELECT cloudsync_init('t');"
            + " INSERT INTO t VALUES (0, 3, NULL), (1, 2, 0); UPDATE OR REPLACE t SET id = -0.0 WHERE id = 1");
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM t"));
        database.Conforms();
    }

    [Theory]
    [InlineData("INSERT", "REPLACE INTO t VALUES ('d', 1, 'ux', 'vx')")]
    [InlineData("UPDATE", "UPDATE OR REPLACE t SET u = 'ux' WHERE id = 'a'")]
    [InlineData("UPDATE", "UPDATE OR REPLACE t SET id = 'd', u = 'ux' WHERE id = 'a'")]
    public void Row_that_a_before_trigger_puts_in_the_way_is_captured_when_it_is_replaced(string time, string statement)
    {
        using Database database = Database.Open();
        database.Exec(Table + Index + "SELECT cloudsync_init('t');"
            + $" CREATE TRIGGER b BEFORE {time} ON t WHEN NEW.id NOT LIKE 'w%' BEGIN INSERT INTO t VALUES ('w1', 1, NEW.u, 0);"
            + " INSERT OR REPLACE INTO t VALUES ('w2', 1, NEW.u, 0); END");
        database.Exec(statement);
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM t WHERE id LIKE 'w%'"));
        Assert.Equal("w1,w2", database.Scalar(Dead + " AND pk <> cloudsync_pk_encode('a')"));
        database.Conforms();
    }

    [Fact]
    public void Default_stands_for_null_when_an_expression_is_unique()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b NOT NULL DEFAULT 4); CREATE UNIQUE INDEX i ON t(a + b); SELECT cloudsync_init('t');"
            + " INSERT INTO t VALUES ('a', 2, 3); REPLACE INTO t VALUES ('b', 1, NULL); INSERT INTO t VALUES ('c', 3, 3); UPDATE OR REPLACE t SET a = 2, b = NULL WHERE id = 'b'");
        Assert.Equal("a,c", database.Scalar(Dead));
        database.Conforms();
    }

    [Theory]
    [InlineData("abc", "abc")]
    [InlineData("\"v\"", "v")]
    [InlineData("[it's]", "it's")]
    [InlineData("True", 1L)]
    public void Table_is_written_and_merged_when_a_default_is_a_bare_word(string written, object value)
    {
        using Database database = Database.Open();
        database.Exec($"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, u NOT NULL DEFAULT {written} UNIQUE, v); SELECT cloudsync_init('t'), cloudsync_set('apply_refused', 'wait');"
            + " INSERT INTO t(id) VALUES ('a'); REPLACE INTO t VALUES ('b', NULL, 2)");
        Assert.Equal([["b", value, 2L]], database.Query("SELECT * FROM t"));
        Assert.Equal("a", database.Scalar(Dead));
        database.Run("SELECT cloudsync_payload_apply(cloudsync_payload_encode('t', cloudsync_pk_encode('c'), 'u', ?, 1, 1, x'07', 1, 0))", value);
        Assert.Equal("c", database.Scalar("SELECT cloudsync_pk_decode(pk, 1) FROM cloudsync_waiting"));
    }

    [Fact]
    public void Removed_rows_have_places_of_their_own_when_they_are_found_at_the_commit()
    {
        using Database database = Database.Open();
        database.Exec(Table + Index + "SELECT cloudsync_init('t'); DROP TRIGGER temp.chunksync_before_insert_t; DROP TRIGGER temp.chunksync_before_update_t");
        using (database.PauseChecks())
        {
            database.Exec("REPLACE INTO t SELECT id || 'x', a, u, v FROM t ORDER BY id");
        }

        Assert.Equal("a,b,c", database.Scalar(Dead));
        Assert.Equal(0L, database.Scalar("SELECT count(*) - count(DISTINCT seq) FROM t_cloudsync WHERE db_version = (SELECT max(db_version) FROM t_cloudsync)"));
        Assert.Equal(1L, database.Scalar("SELECT max(seq) FILTER (WHERE col_version = 2) < min(seq) FILTER (WHERE col_version = 1) FROM t_cloudsync WHERE db_version = (SELECT max(db_version) FROM t_cloudsync)"));
        database.Conforms();
    }

    [Fact]
    public void Table_is_written_when_the_triggers_cannot_be_made()
    {
        using Database database = Database.Open();
        string columns = string.Join(", ", Enumerable.Range(0, 150).Select(i => "c" + i));
        database.Exec($"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, {columns}, UNIQUE({columns})); SELECT cloudsync_init('t')");
        database.Exec($"INSERT INTO t VALUES ('a', {string.Join(", ", Enumerable.Range(0, 150))}); REPLACE INTO t SELECT 'b', {columns} FROM t");
        Assert.Equal("b", database.Scalar("SELECT group_concat(id) FROM t"));
        database.Exec($"BEGIN; REPLACE INTO t SELECT 'c', {columns} FROM t; REPLACE INTO t SELECT 'd', {columns} FROM t; COMMIT");
        Assert.Equal(1L, database.Scalar("SELECT max(seq) < 70000 FROM t_cloudsync"));
        Assert.Equal("d", database.Scalar("SELECT group_concat(id) FROM t"));
        database.Conforms();
    }
}
