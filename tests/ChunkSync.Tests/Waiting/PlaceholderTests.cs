using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Waiting;

/// <summary>What users' triggers and indexes make of placeholders.</summary>
public class PlaceholderTests
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE); SELECT cloudsync_init('t');";

    private const string Swap = "UPDATE t SET a = 0 WHERE id = 'k1'; UPDATE t SET a = 1 WHERE id = 'k2'; UPDATE t SET a = 2 WHERE id = 'k1';";

    [Theory]
    [InlineData("wait")]
    [InlineData("stop")]
    public void Rows_wait_or_stop_the_call_when_a_trigger_rolls_back_at_a_placeholder(string policy)
    {
        using Database sender = Database.Open();
        sender.Exec(Schema + "INSERT INTO t VALUES ('k1', 1), ('k2', 2), ('k3', 3)");
        using Database receiver = Database.Open();
        receiver.Exec(Schema + $"SELECT cloudsync_set('apply_refused', '{policy}')");
        receiver.Scalar("SELECT cloudsync_payload_apply(?)", sender.Scalar("SELECT payload FROM cloudsync_payload_chunks"));
        sender.Exec(Swap + "UPDATE t SET a = 4 WHERE id = 'k3'");
        receiver.Exec("CREATE TRIGGER no_gaps BEFORE UPDATE ON t WHEN NEW.a IS NULL BEGIN SELECT RAISE(ROLLBACK, 'no gaps'); END");
        object? payload = sender.Scalar("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 1");
        SqlException? failure = Record.Exception(() => receiver.Scalar("SELECT cloudsync_payload_apply(?)", payload)) as SqlException;
        Assert.False(receiver.InTransaction);
        Assert.Equal(policy == "stop", failure != null);
        Assert.DoesNotContain("savepoint", failure?.Text ?? "", StringComparison.Ordinal);
        Assert.Equal(policy == "stop" ? 3L : 4L, receiver.Scalar("SELECT a FROM t WHERE id = 'k3'"));
        Assert.Equal(policy == "stop" ? 0L : 2L, receiver.Scalar("SELECT count(*) FROM cloudsync_waiting"));

        // Without the trigger everything lands.
        receiver.Exec("DROP TRIGGER no_gaps");
        receiver.Scalar(policy == "stop" ? "SELECT cloudsync_payload_apply(?)" : "SELECT cloudsync_waiting_retry() + (?1 IS NULL)", payload);
        Assert.Equal(sender.Query("SELECT * FROM t ORDER BY id"), receiver.Query("SELECT * FROM t ORDER BY id"));
    }

    /// <summary>A placeholder that counts as 0 in an expression would be in the way of the row with that sum.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("INTEGER")]
    [InlineData("REAL")]
    [InlineData("NUMERIC")]
    public void Values_are_moved_on_when_an_index_counts_with_their_column(string type)
    {
        string schema = $"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a {type} UNIQUE NOT NULL, b NOT NULL); CREATE UNIQUE INDEX i ON t(a + b); SELECT cloudsync_init('t', 'cls', 2);";
        using Database sender = Database.Open();
        sender.Exec(schema + "INSERT INTO t VALUES ('k5', 1, 9), ('k4', 4, 9), ('k2', 2, 1), ('k6', 3, 6)");
        using Database receiver = Database.Open();
        receiver.Exec(schema);
        receiver.Scalar("SELECT cloudsync_payload_apply(?)", sender.Scalar("SELECT payload FROM cloudsync_payload_chunks"));
        sender.Exec("BEGIN; UPDATE t SET a = -100 - a; UPDATE t SET a = (-100 - a + 1) % 8; UPDATE t SET b = 5 WHERE id = 'k2'; COMMIT");
        receiver.Scalar("SELECT cloudsync_payload_apply(?)", sender.Scalar("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 1"));
        Assert.Equal(sender.Query("SELECT * FROM t ORDER BY id"), receiver.Query("SELECT * FROM t ORDER BY id"));
    }
}
