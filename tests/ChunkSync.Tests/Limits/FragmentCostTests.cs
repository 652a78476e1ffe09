using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Limits;

/// <summary>What the parts of a long value cost that are there already: next to nothing, in whatever order parts come. SQLite keeps a part inside of the
/// entry that it compares, so that a range with an upper bound reads all parts in it.</summary>
public sealed class FragmentCostTests(ITestOutputHelper output)
{
    private const int CacheHits = 7;
    private const int CacheMisses = 8;
    private const long PartSize = 262_144;
    private const int Size = 20 << 20;

    [Theory]
    [InlineData("in order")]
    [InlineData("reversed")]
    [InlineData("shuffled")]
    public void Pages_grow_with_the_value_when_its_parts_arrive(string order)
    {
        long shorter = Pages(Size, order);
        long longer = Pages(2 * Size, order);
        output.WriteLine($"{order}: {shorter} pages, {longer} for twice as much");
        Assert.InRange(longer, 1.5 * shorter, 2.8 * shorter);
    }

    private static long Pages(int size, string order)
    {
        const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t');";
        using Database sender = Database.Open();
        sender.Exec($"{Schema} INSERT INTO t VALUES ('x', zeroblob({size}))");
        byte[][] payloads = [.. ChunkRow.Read(sender, [("since_db_version", 0), ("max_chunk_size", PartSize)]).Select(chunk => chunk.Payload)];
        if (order == "reversed")
        {
            Array.Reverse(payloads);
        }
        else if (order == "shuffled")
        {
            new Random(1).Shuffle(payloads);
        }

        using Database receiver = Database.Open();
        receiver.Exec(Schema);
        long before = Touched(receiver);
        foreach (byte[] payload in payloads)
        {
            receiver.Scalar("SELECT cloudsync_payload_apply(?)", payload);
        }

        Assert.Equal((long)size, receiver.Scalar("SELECT length(a) FROM t"));
        return Touched(receiver) - before;
    }

    private static long Touched(Database database)
    {
        _ = NativeSqlite.DbStatus(database.Handle, CacheHits, out int hits, out _, 0);
        _ = NativeSqlite.DbStatus(database.Handle, CacheMisses, out int misses, out _, 0);
        return (long)hits + misses;
    }
}
