using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Merge;

/// <summary>Damaged payloads: an error that changes nothing, or a valid result; never a crash.</summary>
public class HostilePayloadTests(ITestOutputHelper output)
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');";

    [Fact]
    public void Database_is_unchanged_when_a_prefix_of_a_payload_is_applied()
    {
        using Database target = NewTarget();
        string before = Dump(target);
        foreach (byte[] payload in Payloads())
        {
            for (int length = 0; length < payload.Length; length++)
            {
                Assert.Throws<SqlException>(() => target.Scalar("SELECT cloudsync_payload_apply(?)", payload[..length]));
            }
        }

        Assert.Equal(before, Dump(target));
    }

    [Fact, Soak("damaged-payloads")]
    public void Database_is_unchanged_when_a_damaged_payload_is_refused()
    {
        List<byte[]> payloads = Payloads();
        using Effort effort = Effort.Start("damaged-payloads", output, sample: 400);
        while (effort.Next("payloads"))
        {
            byte[] damaged = [.. payloads[effort.Random.Next(payloads.Count)]];
            int at = effort.Random.Next(Math.Min(damaged.Length, 600));

            // The body of a legacy payload has no checksum: there the decoder itself is on its own.
            byte version = effort.Random.Next(2) == 0 ? damaged[4] : (byte)1;
            damaged[4] = version;
            damaged[at] ^= (byte)(1 << effort.Random.Next(8));
            using Database target = NewTarget();
            target.Deviates(Deviation.Damaged, "a damaged legacy payload can say anything about versions and causal lengths");
            string before = Dump(target);
            try
            {
                target.Scalar("SELECT cloudsync_payload_apply(?)", damaged);
                effort.Add("accepted", 1);
            }
            catch (SqlException)
            {
                Assert.True(Dump(target) == before || version == 1, $"byte {at} of a version {version} payload");
            }

            Assert.False(target.InTransaction);
            Assert.Equal("ok", target.Scalar("PRAGMA integrity_check"));
        }
    }

    [Fact, Soak("hostile-payloads")]
    public void Engine_survives_when_random_bytes_are_applied()
    {
        byte[][] payloads = [.. Payloads().Where(payload => payload.Length < 4000)];
        using Database target = NewTarget();
        target.Deviates(Deviation.Damaged, "a damaged legacy payload can say anything about versions and causal lengths");
        using Effort effort = Effort.Start("hostile-payloads", output, sample: 20_000);
        while (effort.Next("payloads"))
        {
            Random random = effort.Random;
            byte[] damaged = [.. payloads[random.Next(payloads.Length)]];
            damaged[4] = 1;
            int flips = 1 + random.Next(8);
            for (int j = 0; j < flips; j++)
            {
                damaged[random.Next(8, damaged.Length)] = (byte)random.Next(256);
            }

            try
            {
                target.Scalar("SELECT cloudsync_payload_apply(?)", damaged[..random.Next(16, damaged.Length + 1)]);
            }
            catch (SqlException failure)
            {
                Assert.NotEmpty(failure.Text);
            }

            Assert.False(target.InTransaction);
        }

        Assert.Equal("ok", target.Scalar("PRAGMA integrity_check"));
    }

    [Theory]
    [InlineData("SELECT cloudsync_payload_apply()")]
    [InlineData("SELECT cloudsync_payload_decode()")]
    [InlineData("SELECT cloudsync_payload_apply('text')")]
    [InlineData("SELECT cloudsync_payload_apply(NULL)")]
    [InlineData("SELECT cloudsync_payload_apply(1, 2, 3)")]
    public void Apply_gives_an_error_when_its_argument_is_no_blob(string sql)
    {
        using Database target = NewTarget();
        SqlException failure = Assert.Throws<SqlException>(() => target.Scalar(sql));
        Assert.Equal(21, failure.Code);
        Assert.Equal("Error on cloudsync_payload_decode: value must be a BLOB.", failure.Text);
    }

    [Fact]
    public void Failing_row_leaves_the_rows_before_it_when_a_trigger_refuses_it_half_way()
    {
        using Database source = Database.Open();
        source.Exec(Schema + "INSERT INTO t VALUES ('a', 1, 1); INSERT INTO t VALUES ('b', 2, 2); INSERT INTO t VALUES ('c', 3, 3)");
        byte[] payload = (byte[])source.Scalar("SELECT payload FROM cloudsync_payload_chunks")!;
        using Database target = NewTarget();
        target.Exec("CREATE TABLE log(x); CREATE TRIGGER refuse AFTER INSERT ON t BEGIN INSERT INTO log VALUES (NEW.id);"
            + " SELECT RAISE(FAIL, 'no b') WHERE NEW.id = 'b'; END");
        SqlException failure = Assert.Throws<SqlException>(() => target.Scalar("SELECT cloudsync_payload_apply(?)", payload));
        Assert.Equal("no b (table t, key 'b')", failure.Text);
        Assert.Equal("a", target.Scalar("SELECT group_concat(x) FROM log"));
        Assert.Equal(4L, target.Scalar("SELECT count(*) FROM t_cloudsync"));
        target.Exec("DROP TRIGGER refuse");
        target.Scalar("SELECT cloudsync_payload_apply(?)", payload);
        Assert.Equal("a,b,c,own", target.Scalar("SELECT group_concat(id) FROM (SELECT id FROM t ORDER BY id)"));
    }

    [Fact]
    public void Earlier_versions_stay_when_a_deferred_key_refuses_a_later_one()
    {
        using Database source = Database.Open();
        source.Exec("CREATE TABLE p(id TEXT PRIMARY KEY NOT NULL); CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('p'); SELECT cloudsync_init('t');"
            + " INSERT INTO t VALUES ('a', NULL, 1); INSERT INTO t VALUES ('b', 'missing', 1)");
        byte[] payload = (byte[])source.Scalar("SELECT payload FROM cloudsync_payload_chunks")!;
        using Database target = Database.Open();
        target.Exec("PRAGMA foreign_keys = ON; CREATE TABLE p(id TEXT PRIMARY KEY NOT NULL);"
            + " CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED, b); SELECT cloudsync_init('p'); SELECT cloudsync_init('t')");
        SqlException failure = Assert.Throws<SqlException>(() => target.Scalar("SELECT cloudsync_payload_apply(?)", payload));
        Assert.Equal(19, failure.Code);
        Assert.False(target.InTransaction);
        Assert.Equal("a", target.Scalar("SELECT group_concat(id) FROM t"));
        target.Exec("INSERT INTO p VALUES ('missing')");
        target.Scalar("SELECT cloudsync_payload_apply(?)", payload);
        Assert.Equal("a,b", target.Scalar("SELECT group_concat(id) FROM (SELECT id FROM t ORDER BY id)"));
    }

    [Fact]
    public void Late_repeat_leaves_no_orphan_when_its_value_is_complete()
    {
        using Database source = Database.Open();
        source.Exec(Schema + "INSERT INTO t VALUES ('a', zeroblob(900000), 1)");
        using Database target = NewTarget();
        byte[][] small = [.. source.Query("SELECT payload FROM cloudsync_payload_chunks WHERE max_chunk_size = 262144").Select(row => (byte[])row[0]!)];
        byte[][] large = [.. source.Query("SELECT payload FROM cloudsync_payload_chunks WHERE max_chunk_size = 400000").Select(row => (byte[])row[0]!)];
        foreach (byte[] payload in (byte[][])[small[1], small[0], .. large.Reverse(), .. small, .. large])
        {
            target.Scalar("SELECT cloudsync_payload_apply(?)", payload);
        }

        Assert.Equal(900_000L, target.Scalar("SELECT length(a) FROM t WHERE id = 'a'"));
        Assert.Equal(0L, target.Scalar("SELECT count(*) FROM cloudsync_payload_fragments"));
    }

    private static Database NewTarget()
    {
        Database target = Database.Open();
        target.Exec(Schema + "INSERT INTO t VALUES ('own', 7, 8)");
        return target;
    }

    private static List<byte[]> Payloads()
    {
        using Database source = Database.Open();
        source.Exec(Schema + "INSERT INTO t VALUES ('a', 1, 'one'), ('b', 2.5, x'0102'); DELETE FROM t WHERE id = 'b'; INSERT INTO t VALUES ('b', NULL, 3);"
            + " INSERT INTO t VALUES ('text', 'some longer text that repeats, some longer text that repeats', -5)");
        List<byte[]> payloads = [(byte[])source.Scalar("SELECT payload FROM cloudsync_payload_chunks")!];
        source.Exec("INSERT INTO t VALUES ('long', zeroblob(300000), 1)");
        payloads.AddRange(source.Query("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 4 AND max_chunk_size = 262144").Select(row => (byte[])row[0]!));
        return payloads;
    }

    private static string Dump(Database database) => string.Join("\n", ((string[])["t", "t_cloudsync", "cloudsync_settings", "cloudsync_site_id", "cloudsync_payload_fragments"])
        .SelectMany(table => database.Query($"SELECT * FROM {table}").Select(row => table + string.Join(",", row.Select(FixtureValues.Describe)))));
}
