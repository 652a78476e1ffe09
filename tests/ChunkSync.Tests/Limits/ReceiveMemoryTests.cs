using ChunkSync.Format;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Limits;

/// <summary>What receiving a long value in parts takes of SQLite's heap: a part while parts arrive, and for the last one what SQLite's
/// own INSERT of such a value takes. SQLite takes a value as one block, and makes the row of it in a second one; an UPDATE of a
/// table with triggers loads the old value as well.</summary>
[Collection(MemoryCollection.Name)]
public class ReceiveMemoryTests(ITestOutputHelper output)
{
    private const long PartSize = 262_144;
    private const long Slack = 4 << 20;
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');";

    /// <summary>Name, MiB, the receiver's row, the value, and how often the value may be in memory.</summary>
    public static TheoryData<string, int, string, string, int> Cases => new()
    {
        { "new row", 24, "", "randomblob(24 << 20)", 2 },
        { "known row", 16, "INSERT INTO t VALUES ('x', 'short', 'b')", "randomblob(16 << 20)", 2 },
        { "text", 16, "INSERT INTO t VALUES ('x', 'short', 'b')", "hex(randomblob(8 << 20))", 2 },
        { "row with a long value", 16, "INSERT INTO t VALUES ('x', zeroblob(16 << 20), 'b')", "randomblob(16 << 20)", 3 },
        { "equal version", 16, "INSERT INTO t VALUES ('x', 1, 'b'); UPDATE t SET a = 2; UPDATE t SET a = zeroblob(16 << 20)", "randomblob(16 << 20)", 3 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Memory_stays_at_what_an_insert_takes_when_a_long_value_arrives_in_parts(
        string name, int size, string before, string value, int copies)
    {
        using Database sender = Sender(value);
        using TempFile file = new();
        using Database receiver = Database.Open(file.Path);
        receiver.Exec("PRAGMA synchronous = OFF;" + Schema + before);
        List<long> peaks = [];
        Receive(sender, receiver, peaks);
        long most = peaks.SkipLast(1).Max();
        output.WriteLine($"{name}, {size} MiB: {peaks.Count} parts, up to {most} bytes each, the last one {peaks[^1]}");
        Assert.InRange(most, 1, (4 * PartSize) + HeapMeter.PageCache);
        Assert.InRange(peaks.Max(), size << 20, ((long)copies * (size << 20)) + Slack);
        Assert.Equal(1L, receiver.Scalar("SELECT count(*) FROM t WHERE a = ?", sender.Scalar("SELECT a FROM t")));
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM cloudsync_payload_fragments"));
    }

    [Fact]
    public void Part_is_refused_and_nothing_is_lost_when_the_value_does_not_fit_into_the_heap()
    {
        const int Size = 16 << 20;
        using Database sender = Sender($"randomblob({Size})");
        using TempFile file = new();
        using Database receiver = Database.Open(file.Path);
        receiver.Exec("PRAGMA synchronous = OFF;" + Schema);
        List<byte[]> payloads = [.. ChunkRow.Read(sender, [("since_db_version", 0), ("max_chunk_size", PartSize)]).Select(chunk => chunk.Payload)];
        List<byte[]> refused = [];
        HeapMeter.RunWithin(Size + (Size / 2), () =>
        {
            foreach (byte[] payload in payloads)
            {
                try
                {
                    receiver.Scalar("SELECT cloudsync_payload_apply(?)", payload);
                }
                catch (SqlException failure) when (failure.Code == 7)
                {
                    Assert.False(receiver.InTransaction);
                    refused.Add(payload);
                }
            }
        });
        byte[] last = Assert.Single(refused);
        Assert.Equal((long)payloads.Count(payload => payload[4] == 3) - 1, receiver.Scalar("SELECT count(*) FROM cloudsync_payload_fragments"));
        Assert.Equal(1L, receiver.Scalar("SELECT cloudsync_payload_apply(?)", last));
        Assert.Equal(1L, receiver.Scalar("SELECT count(*) FROM t WHERE a = ?", sender.Scalar("SELECT a FROM t")));
    }

    private static Database Sender(string value)
    {
        Database sender = Database.Open();
        sender.Exec(Schema + "INSERT INTO t VALUES ('x', 1, 2); UPDATE t SET a = 2; UPDATE t SET a = " + value);
        return sender;
    }

    private static void Receive(Database sender, Database receiver, List<long> peaks)
    {
        using BoundStatement apply = new(receiver, "SELECT cloudsync_payload_apply(?1)");
        Drainer scan = new(PartSize)
        {
            OnPayload = payload =>
            {
                HeapMeter meter = HeapMeter.Start();
                apply.BindBlob(1, payload).Run();
                if (payload[4] == ContainerHeader.FragmentVersion)
                {
                    peaks.Add(meter.Peak);
                }
            },
        };
        scan.Scan(sender);
    }
}
