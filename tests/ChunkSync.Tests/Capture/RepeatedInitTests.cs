using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Capture;

/// <summary>A repeated <c>cloudsync_init</c> does what is to be done, and where that is nothing, costs nothing.</summary>
public sealed class RepeatedInitTests : IDisposable
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');";

    private readonly TempFile file = new();

    public void Dispose() => file.Dispose();

    [Theory]
    [InlineData("PRAGMA journal_mode = WAL")]
    [InlineData("PRAGMA journal_mode = DELETE")]
    public void Repeated_init_neither_waits_nor_writes_when_another_connection_writes(string mode)
    {
        using (Database first = Database.Open(file.Path))
        {
            first.Exec(mode + ";" + Schema + "INSERT INTO t VALUES ('k', 1, 1)");
        }

        using Database writer = Database.Open(file.Path);
        using Database other = Database.Open(file.Path);
        object? before = other.Scalar("PRAGMA data_version");
        writer.Exec("BEGIN IMMEDIATE; INSERT INTO t VALUES ('m', 1, 1)");
        Assert.Equal(32L, other.Scalar("SELECT length(cloudsync_init('t'))"));
        Assert.Equal(32L, other.Scalar("SELECT length(cloudsync_init('T', 'cls', 1))"));
        writer.Exec("ROLLBACK");
        Assert.Equal(before, other.Scalar("PRAGMA data_version"));
        Assert.Throws<SqlException>(() => other.Scalar("SELECT cloudsync_init('t', 'gos')"));
    }

    [Theory]
    [InlineData("WHEN NEW.a = 9 BEGIN SELECT RAISE(IGNORE); END", "UPDATE t SET a = 9")]
    [InlineData("WHEN NEW.a = 9 BEGIN SELECT RAISE(FAIL, 'no'); END", "UPDATE t SET a = 9")]
    [InlineData("BEGIN INSERT INTO one VALUES (1); END", "UPDATE OR FAIL t SET a = 9")]
    [InlineData("BEGIN UPDATE t SET id = 'z' WHERE id = NEW.id; END", "UPDATE t SET id = 'y'")]
    public void Row_is_captured_when_a_repeated_init_lets_the_triggers_fire_before_one_of_the_program(string trigger, string statement)
    {
        using Database database = Database.Open(file.Path);
        database.Exec(Schema + "CREATE TABLE one(x UNIQUE); INSERT INTO one VALUES (1); INSERT INTO t VALUES ('k', 1, 1);"
            + $" CREATE TRIGGER mine AFTER UPDATE ON t {trigger}; SELECT cloudsync_init('t')");
        object? schema = database.Scalar("PRAGMA schema_version");
        database.Exec("SELECT cloudsync_init('t')");
        Assert.Equal(schema, database.Scalar("PRAGMA schema_version"));
        try
        {
            database.Exec(statement);
        }
        catch (SqlException failure) when (failure.Code == 19)
        {
        }

        Assert.Equal(1L, database.Scalar("SELECT a = 9 OR id = 'z' FROM t"));
        database.Conforms();
        Assert.Equal("k=1,1", database.Scalar("SELECT 'k=' || count(*) FILTER (WHERE col_name = 'a' AND col_version = iif(t.id = 'z', 1, 2)) || ',' || count(*) FILTER (WHERE col_name = 'b')"
            + " FROM t_cloudsync JOIN t ON pk = cloudsync_pk_encode(t.id)"));
    }

    [Fact]
    public void Repeated_init_leaves_the_order_of_triggers_when_it_cannot_write()
    {
        using (Database first = Database.Open(file.Path))
        {
            first.Exec(Schema + "CREATE TRIGGER mine AFTER UPDATE ON t BEGIN SELECT 1; END");
        }

        using Database writer = Database.Open(file.Path);
        using Database other = Database.Open(file.Path);
        writer.Exec("BEGIN IMMEDIATE");
        Assert.Equal(32L, other.Scalar("SELECT length(cloudsync_init('t'))"));
        writer.Exec("ROLLBACK; PRAGMA query_only = ON");
        Assert.Equal(32L, writer.Scalar("SELECT length(cloudsync_init('t'))"));
        using Database readOnly = Database.Open(file.Path, readOnly: true);
        Assert.Equal(32L, readOnly.Scalar("SELECT length(cloudsync_init('t'))"));
    }

    [Fact]
    public void Repeated_init_takes_as_many_steps_whatever_the_number_of_rows()
    {
        using Database database = Database.Open(file.Path);
        database.Exec(Schema + "INSERT INTO t VALUES ('k', 1, 1)");
        database.Exec("SELECT cloudsync_init('t')");
        long few = Steps(database);
        database.Exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT 'n' || i, i, i FROM n");
        database.Exec("SELECT cloudsync_init('t')");
        Assert.Equal(few, Steps(database));
        Assert.True(few < 2000, $"{few} steps");
    }

    [Fact]
    public void Repeated_init_works_when_the_file_is_read_only()
    {
        using (Database first = Database.Open(file.Path))
        {
            first.Exec(Schema);
        }

        using Database database = Database.Open(file.Path, readOnly: true);
        Assert.Equal(32L, database.Scalar("SELECT length(cloudsync_init('t'))"));
    }

    [Theory]
    [InlineData("INSERT INTO t VALUES ('y', 2, 2)", 2L)]
    [InlineData("BEGIN; INSERT INTO t VALUES ('y', 2, 2); COMMIT", 2L)]
    [InlineData("BEGIN; SAVEPOINT s; INSERT INTO t VALUES ('x', 2, 2); ROLLBACK TO s; INSERT INTO t VALUES ('y', 2, 2); COMMIT", 2L)]
    [InlineData("INSERT INTO t VALUES ('y', 2, 2); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('z', 2, 2)", 4L)]
    [InlineData("BEGIN; INSERT INTO t VALUES ('y', 2, 2); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('z', 2, 2); COMMIT", 4L)]
    [InlineData("BEGIN; INSERT INTO t VALUES ('y', 2, 2); ROLLBACK", 0L)]
    public void Rows_are_found_by_init_on_any_connection_when_they_were_written_while_the_table_was_disabled(string write, long clocks)
    {
        using Database database = Database.Open(file.Path);
        database.Exec(Schema + "SELECT cloudsync_disable('t')");
        database.Deviates(Deviation.Disabled, "rows are written while capture is off");
        database.Exec("CREATE TABLE log(x); INSERT INTO log VALUES (7)");
        long rowid = database.LastInsertRowId;
        database.Exec(write);
        using Database other = Database.Open(file.Path);
        other.Deviates(Deviation.Disabled, "rows were written while capture was off");
        Assert.Equal(clocks > 0 ? "disabled" : null, other.Scalar("SELECT value FROM cloudsync_table_settings WHERE key = 'chunksync_uncaptured'"));
        other.Exec("SELECT cloudsync_init('t')");
        other.Conforms();
        Assert.Equal(clocks, other.Scalar("SELECT count(*) FROM t_cloudsync"));
        Assert.Null(other.Scalar("SELECT value FROM cloudsync_table_settings WHERE key = 'chunksync_uncaptured'"));
        Assert.Equal(1, rowid);
    }

    [Fact]
    public void Mark_is_written_once_and_leaves_the_hosts_rowid_alone_when_a_disabled_table_is_written()
    {
        using Database database = Database.Open();
        database.Exec(Schema + "SELECT cloudsync_disable('t')");
        database.Deviates(Deviation.Disabled, "rows are written while capture is off");
        database.Exec("INSERT INTO t(rowid, id) VALUES (41, 'y'), (42, 'z')");
        Assert.Equal(42, database.LastInsertRowId);
        Assert.Equal(2L, database.Scalar("SELECT changes()"));
        database.Exec("UPDATE t SET a = 1; INSERT INTO t VALUES ('x', 1, 1)");
        Assert.Equal(1L, database.Scalar("SELECT count(*) FROM cloudsync_table_settings WHERE key = 'chunksync_uncaptured'"));
    }

    [Fact]
    public void File_of_an_earlier_version_is_looked_through_once()
    {
        using (Database first = Database.Open(file.Path))
        {
            first.Exec(Schema + "SELECT cloudsync_disable('t')");
            first.Deviates(Deviation.Disabled, "rows are written while capture is off");
            first.Exec("INSERT INTO t VALUES ('y', 2, 2); DELETE FROM cloudsync_table_settings WHERE key LIKE 'chunksync%'");
        }

        using Database database = Database.Open(file.Path);
        database.Exec("SELECT cloudsync_init('t')");
        Assert.Equal(2L, database.Scalar("SELECT count(*) FROM t_cloudsync"));
        long changes = (long)database.Scalar("SELECT total_changes()")!;
        database.Exec("SELECT cloudsync_init('t')");
        Assert.Equal(changes, database.Scalar("SELECT total_changes()"));
    }

    [Theory]
    [InlineData("DROP INDEX t_cloudsync_pos_idx")]
    [InlineData("DROP TABLE cloudsync_payload_fragments")]
    [InlineData("UPDATE cloudsync_schema_versions SET hash = 5")]
    public void Repeated_init_does_what_is_to_be_done_when_something_is_missing(string damage)
    {
        using Database database = Database.Open();
        database.Exec(Schema + "INSERT INTO t VALUES ('k', 1, 1)");
        string before = Everything(database);
        database.Exec(damage);
        database.Exec("SELECT cloudsync_init('t')");
        Assert.Equal(before, Everything(database));
    }

    [PeerFact]
    public void Marks_stay_and_do_no_harm_when_the_other_implementation_goes_on()
    {
        using (Database database = Database.Open(file.Path))
        {
            database.Exec(Schema + "INSERT INTO t VALUES ('k', 1, 1); SELECT cloudsync_disable('t')");
            database.Deviates(Deviation.Disabled, "rows are written while capture is off");
            database.Exec("INSERT INTO t VALUES ('y', 2, 2)");
        }

        using (Database peer = Database.OpenPeer(PeerFactAttribute.Library, file.Path))
        {
            peer.Deviates(Deviation.Disabled, "rows were written while capture was off");
            peer.Exec("INSERT INTO t VALUES ('p', 3, 3); SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN c; SELECT cloudsync_commit_alter('t')");
        }

        using Database again = Database.Open(file.Path);
        Assert.Equal("disabled", again.Scalar("SELECT value FROM cloudsync_table_settings WHERE key = 'chunksync_uncaptured'"));
        again.Exec("SELECT cloudsync_init('t')");
        Assert.Equal(9L, again.Scalar("SELECT count(*) FROM t_cloudsync"));
        Assert.Equal(9L, again.Scalar("SELECT count(*) FROM cloudsync_changes"));
    }

    private static string Everything(Database database) => string.Join("\n",
        database.Query("SELECT name FROM sqlite_master ORDER BY 1")
            .Concat(database.Query("SELECT tbl_name, col_name, key, value FROM cloudsync_table_settings ORDER BY 1, 2, 3"))
            .Concat(database.Query("SELECT hash FROM cloudsync_schema_versions WHERE hash <> 5 ORDER BY seq"))
            .Concat(database.Query("SELECT hex(pk), col_name, db_version FROM t_cloudsync ORDER BY 1, 2"))
            .Select(row => string.Join("|", row.Select(FixtureValues.Describe))));

    /// <summary>How often SQLite asks whether to go on during one more init: the steps that depend on rows are among them.</summary>
    private static long Steps(Database database) => StepFault.Count(database, () => database.Scalar("SELECT cloudsync_init('t')"));
}
