using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Capture;

/// <summary>Which tables can be tracked, at the edges: reserved names, the longest keys, and tables that belong to something else.</summary>
public class TrackableTests
{
    [Theory]
    [InlineData("", "cloudsync_settings", "belongs to the sync metadata")]
    [InlineData("", "CLOUDSYNC_Table_Settings", "belongs to the sync metadata")]
    [InlineData("", "cloudsync_schema_versions", "belongs to the sync metadata")]
    [InlineData("", "cloudsync_payload_fragments", "belongs to the sync metadata")]
    [InlineData("", "t_cloudsync", "belongs to the sync metadata")]
    [InlineData("", "T_CloudSync", "belongs to the sync metadata")]
    [InlineData("CREATE VIRTUAL TABLE f USING fts5(x)", "f", "is a virtual table")]
    [InlineData("CREATE VIRTUAL TABLE f USING fts5(x)", "f_idx", "belongs to a virtual table")]
    [InlineData("CREATE VIRTUAL TABLE f USING fts5(x)", "f_config", "belongs to a virtual table")]
    [InlineData("CREATE VIRTUAL TABLE \"My f\" USING fts5(x)", "my F_Docsize", "belongs to a virtual table")]
    [InlineData("CREATE VIRTUAL TABLE r USING rtree(id, a, b)", "r_rowid", "belongs to a virtual table")]
    public void Init_refuses_by_name_when_a_table_belongs_to_something_else(string setup, string table, string text)
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t')");
        try
        {
            database.Exec(setup);
        }
        catch (SqlException missing) when (missing.Text.Contains("no such module", StringComparison.Ordinal))
        {
            return;
        }

        List<object?[]> before = database.Query("SELECT name FROM sqlite_master");
        SqlException failure = Assert.Throws<SqlException>(() => database.Run("SELECT cloudsync_init(?, 'cls', 3)", table));
        Assert.Contains("Table " + table + " " + text, failure.Text, StringComparison.Ordinal);
        Assert.Equal(before, database.Query("SELECT name FROM sqlite_master"));
    }

    [Theory]
    [InlineData("f_idx")]
    [InlineData("my_cloudsync")]
    [InlineData("t_cloudsync_blocks")]
    [InlineData("cloudsync_notes")]
    public void Init_tracks_a_table_when_only_its_name_looks_like_another_ones(string table)
    {
        using Database database = Database.Open();
        database.Exec($"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t'); CREATE TABLE {table}(id TEXT PRIMARY KEY NOT NULL, a);"
            + $" SELECT cloudsync_init('{table}'); INSERT INTO {table} VALUES ('k', 1)");
        Assert.Equal(1L, database.Scalar("SELECT count(*) FROM cloudsync_changes"));
    }

    [Fact]
    public void Init_names_the_table_in_the_way_when_the_clocks_name_is_taken()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE x_cloudsync(id TEXT PRIMARY KEY NOT NULL, a); CREATE TABLE x(id TEXT PRIMARY KEY NOT NULL, a)");
        SqlException failure = Assert.Throws<SqlException>(() => database.Exec("SELECT cloudsync_init('x')"));
        Assert.Contains("x_cloudsync", failure.Text, StringComparison.Ordinal);
        Assert.Equal(2L, database.Scalar("SELECT count(*) FROM sqlite_master WHERE type = 'table'"));
    }

    [Theory]
    [InlineData(126)]
    [InlineData(127)]
    [InlineData(128)]
    public void Rows_are_captured_and_merged_when_the_key_has_as_many_columns_as_it_may(int columns)
    {
        string names = string.Join(", ", Enumerable.Range(0, columns).Select(i => $"k{i}"));
        string schema = $"CREATE TABLE t({string.Join(", ", Enumerable.Range(0, columns).Select(i => $"k{i} TEXT NOT NULL"))}, a, b, PRIMARY KEY ({names}));";
        string Values(string first) => string.Join(", ", Enumerable.Range(0, columns).Select(i => i == 0 ? $"'{first}'" : $"'v{i}'"));
        using Database here = Database.Open();
        using Database there = Database.Open();
        here.Exec(schema + $"INSERT INTO t VALUES ({Values("before")}, 0, 0); SELECT cloudsync_init('t'); SELECT cloudsync_init('t')");
        there.Exec(schema + "SELECT cloudsync_init('t')");
        OneWay outward = new(here, there);
        foreach (string write in (string[])
        [
            $"INSERT INTO t VALUES ({Values("a")}, 1, 2), ({Values("b")}, 3, 4)",
            "UPDATE t SET a = 5 WHERE k0 = 'a'",
            $"UPDATE t SET k{columns - 1} = 'moved' WHERE k0 = 'b'",
            "DELETE FROM t WHERE k0 = 'a'",
            $"INSERT INTO t VALUES ({Values("a")}, 6, 7)",
            $"SELECT cloudsync_disable('t'); INSERT INTO t VALUES ({Values("c")}, 1, 1); SELECT cloudsync_enable('t'); SELECT cloudsync_init('t')",
            "SELECT cloudsync_set_filter('t', 'a < 6'); SELECT cloudsync_clear_filter('t')",
            "SELECT cloudsync_begin_alter('t'); DELETE FROM t WHERE k0 = 'c'; SELECT cloudsync_commit_alter('t')",
        ])
        {
            if (write.Contains("disable", StringComparison.Ordinal))
            {
                here.Deviates(Deviation.Disabled, "rows are written while capture is off");
            }

            here.Exec(write);
            outward.Send();
            Assert.Equal(here.Query("SELECT * FROM t ORDER BY 1, 2"), there.Query("SELECT * FROM t ORDER BY 1, 2"));
        }

        Assert.Equal(3L, here.Scalar("SELECT col_version FROM t_cloudsync WHERE col_name = '__[RIP]__' AND col_version & 1 AND cloudsync_pk_decode(pk, 1) = 'a'"));
        Assert.Contains("NOT NULL", Assert.Throws<SqlException>(() => here.Exec("UPDATE t SET k0 = NULL")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Null_in_a_long_key_is_refused_by_name()
    {
        const int Columns = 127;
        string names = string.Join(", ", Enumerable.Range(0, Columns).Select(i => $"k{i}"));
        using Database database = Database.Open();
        database.Exec($"CREATE TABLE t({names}, a, PRIMARY KEY ({names})); SELECT cloudsync_init('t');"
            + $" INSERT INTO t VALUES ({string.Join(", ", Enumerable.Range(0, Columns))}, 1)");
        foreach (string sql in (string[])
        [
            $"INSERT INTO t VALUES ({string.Join(", ", Enumerable.Range(0, Columns).Select(i => i == 5 ? "NULL" : "1"))}, 1)",
            $"INSERT INTO t VALUES ({string.Join(", ", Enumerable.Range(0, Columns).Select(i => i == 0 ? "NULL" : "1"))}, 1)",
            "UPDATE t SET k7 = NULL",
            "UPDATE t SET k0 = NULL",
        ])
        {
            Assert.Contains("primary key in table t contains NULL values",
                Assert.Throws<SqlException>(() => database.Exec(sql)).Text, StringComparison.Ordinal);
        }

        Assert.Equal(1L, database.Scalar("SELECT count(*) FROM t_cloudsync"));
    }

    [Fact]
    public void Table_named_sqlite_is_tracked_like_any_other()
    {
        using TempFile file = new();
        using Database there = Database.Open();
        const string Schema = "CREATE TABLE sqlite(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('SQLite');";
        there.Exec(Schema);
        using (Database here = Database.Open(file.Path))
        {
            here.Exec(Schema + "INSERT INTO sqlite VALUES ('k', 1), ('m', 2); UPDATE sqlite SET a = 3 WHERE id = 'k'; DELETE FROM sqlite WHERE id = 'm'");
            here.Exec("SELECT cloudsync_begin_alter('sqlite'); ALTER TABLE sqlite ADD COLUMN b DEFAULT 5; SELECT cloudsync_commit_alter('sqlite'); VACUUM");
            Assert.Equal(0L, here.Scalar("PRAGMA writable_schema"));
            Assert.Equal(32L, here.Scalar("SELECT length(cloudsync_init('sqlite'))"));
        }

        using Database again = Database.Open(file.Path);
        Assert.Equal("ok", again.Scalar("PRAGMA integrity_check"));
        there.Exec("SELECT cloudsync_begin_alter('sqlite'); ALTER TABLE sqlite ADD COLUMN b; SELECT cloudsync_commit_alter('sqlite')");
        again.Exec("INSERT INTO sqlite VALUES ('n', 1, 2)");
        new OneWay(again, there).Send();
        Assert.Equal(again.Query("SELECT * FROM sqlite ORDER BY id"), there.Query("SELECT * FROM sqlite ORDER BY id"));
        Assert.Equal(1L, again.Scalar("SELECT count(*) FROM sqlite_master WHERE type = 'index' AND tbl_name LIKE 'sqlite_cloudsync'"));
        again.Exec("BEGIN; SELECT cloudsync_cleanup('sqlite'); ROLLBACK");
        Assert.Equal(5L, again.Scalar("SELECT count(*) FROM cloudsync_changes"));
        again.Exec("SELECT cloudsync_cleanup('sqlite')");
        Assert.Equal("ok", again.Scalar("PRAGMA integrity_check"));
        Assert.Equal(2L, again.Scalar("SELECT count(*) FROM sqlite_master"));
        Assert.Equal(2L, again.Scalar("SELECT count(*) FROM sqlite"));
    }
}
