using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Capture;

/// <summary>What users do by mistake: it is repaired, or refused with a text that says what to do.</summary>
public class RepairTests
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t');";

    [Fact]
    public void Updates_of_a_new_column_are_captured_when_init_is_repeated_after_a_plain_alter_table()
    {
        using Database database = Open();
        database.Exec("INSERT INTO t VALUES ('k', 1); ALTER TABLE t ADD COLUMN b; SELECT cloudsync_init('t'); UPDATE t SET b = 2");
        Assert.Equal(2L, database.Scalar("SELECT col_value FROM cloudsync_changes WHERE col_name = 'b'"));
        Assert.Equal(2L, database.Scalar("SELECT col_version FROM cloudsync_changes WHERE col_name = 'b'"));
    }

    [Fact]
    public void Triggers_are_left_alone_when_init_is_repeated_on_an_unchanged_table()
    {
        using Database database = Open();
        object? before = database.Scalar("PRAGMA schema_version");
        database.Exec("SELECT cloudsync_init('t')");
        Assert.Equal(before, database.Scalar("PRAGMA schema_version"));
    }

    [Fact]
    public void Nothing_changes_when_an_alteration_is_committed_that_was_not_begun()
    {
        using Database database = Open();
        database.Deviates(Deviation.PlainAlter, "the column is added without begin");
        database.Exec("INSERT INTO t VALUES ('k', 1); ALTER TABLE t ADD COLUMN b");
        SqlException failure = Assert.Throws<SqlException>(() => database.Exec("SELECT cloudsync_commit_alter('t')"));
        Assert.Contains("cloudsync_begin_alter('t')", failure.Text, StringComparison.Ordinal);
        Assert.False(database.InTransaction);
        Assert.Equal(1L, database.Scalar("SELECT count(*) FROM t_cloudsync"));
        database.Exec("BEGIN; UPDATE t SET a = 2");
        Assert.Throws<SqlException>(() => database.Exec("SELECT cloudsync_commit_alter('t')"));
        Assert.True(database.InTransaction);
        database.Exec("COMMIT");
        Assert.Equal(2L, database.Scalar("SELECT a FROM t"));
    }

    [Theory]
    [InlineData("SELECT count(*) FROM cloudsync_changes")]
    [InlineData("SELECT payload FROM cloudsync_payload_chunks")]
    public void Dropped_table_is_named_with_the_cure_when_its_changes_are_read(string sql)
    {
        using Database database = Open();
        database.Deviates(Deviation.Rebuilt, "the table is dropped before cleanup");
        database.Exec("INSERT INTO t VALUES ('k', 1); DROP TABLE t");
        SqlException failure = Assert.Throws<SqlException>(() => database.Scalar(sql));
        Assert.Contains("cloudsync_cleanup('t')", failure.Text, StringComparison.Ordinal);
        database.Exec("SELECT cloudsync_cleanup('t')");
    }

    [Theory]
    [InlineData("")]
    [InlineData("BEGIN; INSERT INTO inbox VALUES (NULL, NULL);")]
    public void Apply_says_what_to_do_when_it_is_called_inside_a_statement_that_writes(string before)
    {
        using Database source = Open();
        source.Exec("INSERT INTO t VALUES ('k', 1)");
        using Database target = Open();
        target.Exec("CREATE TABLE inbox(payload, result)");
        target.Run("INSERT INTO inbox VALUES (?, NULL)", source.Scalar("SELECT payload FROM cloudsync_payload_chunks"));
        target.Exec(before);
        SqlException failure = Assert.Throws<SqlException>(
            () => target.Exec("UPDATE inbox SET result = cloudsync_payload_apply(payload) WHERE payload IS NOT NULL"));
        Assert.Contains("in a SELECT of its own", failure.Text, StringComparison.Ordinal);
        Assert.Equal(before.Length > 0, target.InTransaction);
        Assert.Equal(0L, target.Scalar("SELECT count(*) FROM t"));
        target.Exec("SELECT cloudsync_payload_apply(payload) FROM inbox WHERE payload IS NOT NULL");
        Assert.Equal(1L, target.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Grow_only_row_is_updated_when_another_database_wrote_the_same_key()
    {
        const string GrowOnly = "CREATE TABLE g(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('g', 'gos');";
        using Database left = Database.Open();
        using Database right = Database.Open();
        left.Exec(GrowOnly + "INSERT INTO g VALUES ('k', 1)");
        right.Exec(GrowOnly + "INSERT INTO g VALUES ('k', 2)");
        object? fromLeft = left.Scalar("SELECT payload FROM cloudsync_payload_chunks");
        left.Scalar("SELECT cloudsync_payload_apply(?)", right.Scalar("SELECT payload FROM cloudsync_payload_chunks"));
        right.Scalar("SELECT cloudsync_payload_apply(?)", fromLeft);
        Assert.Equal(2L, left.Scalar("SELECT a FROM g"));
        Assert.Equal(2L, right.Scalar("SELECT a FROM g"));
        Assert.Throws<SqlException>(() => left.Exec("UPDATE g SET a = 3"));
    }

    private static Database Open()
    {
        Database database = Database.Open();
        database.Exec(Schema);
        return database;
    }
}
