using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Limits;

/// <summary>What reading changes takes of SQLite's heap depends on the chunk size, not on the window and not on its longest value.</summary>
[Collection(MemoryCollection.Name)]
public sealed class ScanMemoryTests(MemoryDatabases databases, ITestOutputHelper output) : IClassFixture<MemoryDatabases>
{
    private const long Slack = 8 << 20;

    /// <summary>Database, chunk size, and what is allowed beside the chunks: values that SQLite can only give as a whole.</summary>
    public static TheoryData<string, long, long> Cases => new()
    {
        { "narrow", 262_144, 0 },
        { "narrow", 1 << 20, 0 },
        { "narrow", 5 << 20, 0 },
        { "long", 262_144, 0 },
        { "long", 5 << 20, 0 },
        { "text", 262_144, 0 },
        { "middling", 262_144, 0 },
        { "middling", 5 << 20, 0 },
        { "unindexed", 262_144, 0 },
        { "without rowid", 262_144, 16 << 20 },

        // 8 MiB are stored; SQLite's conversion to UTF-8 takes twice as much again.
        { "utf-16", 262_144, 3 * (8 << 20) },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Memory_stays_near_the_chunk_size_when_a_window_is_read(string name, long chunkSize, long whole)
    {
        Drainer scan = new(chunkSize);
        Drainer drain = new(chunkSize);
        long bound = (4 * chunkSize) + Slack + whole;
        long scanPeak = Peak(name, scan.Scan);
        long drainPeak = Peak(name, database => drain.Drain(database));
        output.WriteLine($"{name}, chunk size {chunkSize}: {scan.Chunks} chunks, {scan.Rows} rows; above idle: scan {scanPeak}, drain {drainPeak},"
            + $" bound {bound}");
        Assert.Equal((scan.Chunks, scan.Rows, scan.Checksum), (drain.Chunks, drain.Rows, drain.Checksum));
        Assert.InRange(scanPeak, 1, bound);
        Assert.InRange(drainPeak, 1, bound);
    }

    [Theory]
    [InlineData("narrow", 262_144)]
    [InlineData("narrow", 5 << 20)]
    [InlineData("long", 262_144)]
    [InlineData("long", 1 << 20)]
    [InlineData("long", 5 << 20)]
    [InlineData("unindexed", 262_144)]
    public void Window_is_read_when_the_heap_is_limited_to_a_few_chunks(string name, long chunkSize)
    {
        Drainer scan = new(chunkSize);
        Drainer drain = new(chunkSize);
        using Database database = Database.Open(databases[name]);
        HeapMeter.RunWithin((4 * chunkSize) + Slack + HeapMeter.PageCache, () =>
        {
            scan.Scan(database);
            drain.Drain(database);
        });
        Assert.True(scan.IsFinal && drain.IsFinal);
        Assert.Equal((scan.Chunks, scan.Rows, scan.Checksum), (drain.Chunks, drain.Rows, drain.Checksum));
    }

    [Fact]
    public void Scan_fails_with_nomem_and_gives_everything_back_when_the_heap_is_smaller_than_a_chunk()
    {
        using Database database = Database.Open(databases["long"]);
        Drainer before = new(5 << 20);
        before.Scan(database);
        long idle = NativeSqlite.MemoryUsed();
        HeapMeter.RunWithin(2 << 20, () =>
        {
            SqlException failure = Assert.Throws<SqlException>(() => new Drainer(5 << 20).Scan(database));
            Assert.Equal(7, failure.Code);
        });
        Assert.InRange(NativeSqlite.MemoryUsed(), 0, idle + (64 << 10));
        Drainer after = new(5 << 20);
        after.Scan(database);
        Assert.Equal((before.Rows, before.Checksum), (after.Rows, after.Checksum));
    }

    private long Peak(string name, Action<Database> read)
    {
        using Database database = Database.Open(databases[name]);

        // A connection that has read its schema and the clocks, and rests.
        Assert.NotEqual(0L, database.Scalar("SELECT sum(db_version > 0) FROM t_cloudsync"));
        HeapMeter meter = HeapMeter.Start();
        read(database);
        return meter.Peak;
    }
}
