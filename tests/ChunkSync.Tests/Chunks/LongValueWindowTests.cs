using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Chunks;

/// <summary>Parts of a long value are read through a window that is read ahead: pages of several chunk sizes, in any order on one connection, beside scans.</summary>
public class LongValueWindowTests(ITestOutputHelper output)
{
    /// <summary>Parts that fit the window often, once with a rest that begins in it, and not at all.</summary>
    private static readonly long[] Sizes = [262_144, 5 << 20, 8 << 20];

    [Fact]
    public void Pages_are_those_of_scans_when_chunk_sizes_change_inside_of_a_long_value()
    {
        Random random = new(Seed.Next(output));
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('x', randomblob(20 << 20))");
        List<List<ChunkRow>> scans = [.. Sizes.Select(size => ChunkRow.Read(database, [("since_db_version", 0), ("max_chunk_size", size)]))];
        Assert.Equal([81, 5, 3], scans.Select(scan => scan.Count));

        // What a large part has passed is what a small one asks for: memory that nobody filled, if it counted as read.
        foreach (int page in (int[])[34, 40, 50])
        {
            Compare(database, scans, 2, 1);
            Compare(database, scans, 0, page);
        }

        (int size, int at) = (0, 0);
        for (int i = 0; i < 25; i++)
        {
            bool goesOn = random.Next(3) > 0 && at + 1 < scans[size].Count;
            size = goesOn ? size : random.Next(Sizes.Length);
            at = goesOn ? at + 1 : 1 + random.Next(scans[size].Count - 1);
            Compare(database, scans, size, at);
        }
    }

    private static void Compare(Database database, List<List<ChunkRow>> scans, int size, int page)
    {
        List<(string, object?)> inputs = scans[size][page - 1].Resume([("max_chunk_size", Sizes[size])]);
        ChunkRow read = ChunkRow.Read(database, inputs, onlyFirst: true)[0];
        Assert.True(scans[size][page].Describe() == read.Describe(), $"part {page} of chunks of {Sizes[size]} bytes is another one than that of the scan");
    }
}
