using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

public class UnknownSchemaTests
{
    [Fact]
    public void Hashes_can_be_compared_when_a_schema_is_unknown()
    {
        using Database sender = Database.Open();
        sender.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('k', 1, 2)");
        byte[] payload = (byte[])sender.Scalar("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0")!;
        using Database receiver = Database.Open();
        receiver.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t')");
        long sent = (long)sender.Scalar("SELECT hash FROM cloudsync_schema_versions")!;
        long known = (long)receiver.Scalar("SELECT hash FROM cloudsync_schema_versions")!;
        SqlException failure = Assert.Throws<SqlException>(() => receiver.Scalar("SELECT cloudsync_payload_apply(?)", payload));
        Assert.Equal(
            $"Cannot apply the received payload because the schema hash is unknown {(ulong)sent}. (As cloudsync_schema_versions stores it"
            + $" {sent}; the newest here is {known})", failure.Text);
    }
}
