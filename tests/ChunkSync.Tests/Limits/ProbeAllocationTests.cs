using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Limits;

/// <summary>Probing takes no managed memory per row and per skipped chunk, gives back all of SQLite's, and needs no more for a longer chain.</summary>
[Collection(MemoryCollection.Name)]
public class ProbeAllocationTests(ITestOutputHelper output)
{
    private const string Nothing = "(SELECT cloudsync_probe_set('position', 77, 0, NULL))";
    private const string Some = "(SELECT cloudsync_probe_set('entity', 't', cloudsync_pk_encode(id)) FROM t WHERE a % 7 = 3)";

    [Theory]
    [InlineData("SELECT count(*) FROM cloudsync_payload_probe('many', " + Nothing + ")")]
    [InlineData("SELECT count(*) FROM cloudsync_payload_probe('without', " + Nothing + ")")]
    [InlineData("SELECT sum(rows), sum(length(payload)) FROM cloudsync_payload_probe('(SELECT chunk_index, payload FROM many)', " + Some + ")")]
    [InlineData("SELECT sum(length(encoded)), sum(r.seq) FROM many, cloudsync_payload_rows(many.payload) AS r")]
    public void Probe_allocates_nothing_per_row_and_chunk_when_chains_are_longer(string sql) =>
        output.WriteLine(Allocations.AssertNonePerRow(chunks => Run(sql, chunks), 60));

    [Fact]
    public void Memory_of_sqlite_is_back_when_a_scan_ends_fails_or_is_abandoned()
    {
        using Database database = Chain(40);
        string probe = $"SELECT payload, rows FROM cloudsync_payload_probe WHERE source = 'many' AND probes = {Some} AND max_chunk_size = 500";
        database.Query(probe);
        long idle = NativeSqlite.MemoryUsed();
        for (int i = 0; i < 50; i++)
        {
            database.Query(probe);
            database.Query(probe + " LIMIT 1");
            Assert.Throws<SqlException>(() => database.Query(probe + " AND resume_chunk_index = 3 AND resume_row = 9999"));
            Assert.Throws<SqlException>(() => database.Query(
                $"SELECT rows FROM cloudsync_payload_probe('(SELECT chunk_index, substr(payload, 1, 60) AS payload FROM many)', {Some})"));
            nint statement = database.Prepare(probe);
            Assert.Equal(100, NativeSqlite.Step(statement));
            Assert.Equal(0, NativeSqlite.Finalize(statement));
        }

        Assert.InRange(NativeSqlite.MemoryUsed() - idle, -100_000, 10_000);
        database.Exec("DROP TABLE many");
    }

    [Fact]
    public void Memory_of_sqlite_is_back_and_the_source_free_when_a_scan_is_interrupted_at_any_step()
    {
        using Database database = Chain(12);
        database.Exec("CREATE VIEW seen AS SELECT * FROM many");
        int interrupted = 0;
        foreach (string source in (string[])["many", "seen"])
        {
            string probe = $"SELECT payload, rows FROM cloudsync_payload_probe WHERE source = '{source}' AND probes = {Some} AND max_chunk_size = 500";
            long points = StepFault.Count(database, () => database.Query(probe));
            long idle = NativeSqlite.MemoryUsed();
            for (long point = 1; point <= points; point += Math.Max(1, points / 120))
            {
                foreach (StepFaultKind kind in (StepFaultKind[])[StepFaultKind.Once, StepFaultKind.Interrupt])
                {
                    using StepFault fault = new(database, point, kind);
                    try
                    {
                        database.Query(probe);
                    }
                    catch (SqlException)
                    {
                        interrupted++;
                    }
                }

                // It could not be dropped while anything reads it.
                database.Exec("BEGIN; DROP TABLE many; ROLLBACK");
            }

            Assert.InRange(NativeSqlite.MemoryUsed() - idle, -100_000, 10_000);
        }

        Assert.True(interrupted > 200, "interrupted " + interrupted);
    }

    [Fact]
    public void Nothing_is_taken_for_a_body_that_would_be_too_long()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE huge(chunk_index INTEGER PRIMARY KEY, payload BLOB)");

        // A sound header of 255 times what is stored, one row said to be inside.
        byte[] payload = new byte[1_000_032];
        "CLSY"u8.CopyTo(payload);
        payload[4] = 2;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(8), 255_000_000);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(12), 9);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(14), 1);
        database.Run("INSERT INTO huge VALUES (5, ?)", payload);
        string probe = $"SELECT rows FROM cloudsync_payload_probe WHERE source = 'huge' AND probes = {Nothing} AND max_expanded_size = 1000000";
        Assert.Throws<SqlException>(() => database.Query(probe));
        HeapMeter meter = HeapMeter.Start();
        Assert.Equal(
            "cloudsync_payload_probe: chunk 5: expands to 255000000 bytes, more than max_expanded_size 1000000",
            Assert.Throws<SqlException>(() => database.Query(probe)).Text);
        Assert.InRange(meter.Peak, 0, 300_000);
    }

    [Fact]
    public void Memory_of_sqlite_is_back_when_a_connection_is_closed_under_an_open_scan()
    {
        static void Abandon()
        {
            Database database = Chain(20);
            nint statement = database.Prepare($"SELECT payload FROM cloudsync_payload_probe WHERE source = 'many' AND probes = {Some} AND max_chunk_size = 500");
            Assert.Equal(100, NativeSqlite.Step(statement));
            Assert.Equal(5, NativeSqlite.Close(database.Handle));
            Assert.Equal(0, NativeSqlite.Finalize(statement));
            database.Dispose();
        }

        Abandon();
        long idle = NativeSqlite.MemoryUsed();
        for (int i = 0; i < 10; i++)
        {
            Abandon();
        }

        Assert.InRange(NativeSqlite.MemoryUsed() - idle, -100_000, 2000);
    }

    [Fact]
    public void Peak_is_that_of_one_chunk_and_two_pages_when_the_chain_is_ten_times_as_long()
    {
        long Peak(int chunks)
        {
            using Database database = Chain(chunks);
            database.Query($"SELECT sum(rows) FROM cloudsync_payload_probe('many', {Some})");
            HeapMeter meter = HeapMeter.Start();
            database.Query($"SELECT sum(rows), sum(length(payload)) FROM cloudsync_payload_probe WHERE source = 'many' AND probes = {Some} AND max_chunk_size = 4000");
            return meter.Peak;
        }

        long few = Peak(30);
        Assert.InRange(Peak(300), 0, few + 100_000);
    }

    private static long Run(string sql, int chunks)
    {
        using Database database = Chain(chunks);
        nint statement = database.Prepare(sql);
        for (int run = 0; run < 2; run++)
        {
            Assert.Equal(100, NativeSqlite.Step(statement));
            _ = NativeSqlite.Reset(statement);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(100, NativeSqlite.Step(statement));
        long taken = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(0, NativeSqlite.Finalize(statement));
        return taken;
    }

    /// <summary>A chain of equal chunks of 120 changes each.</summary>
    private static Database Chain(int chunks)
    {
        Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');"
            + "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) INSERT INTO t SELECT 'k' || i, i, 'value ' || i FROM n;"
            + "CREATE TABLE many(chunk_index INTEGER PRIMARY KEY, payload_index BLOB, payload BLOB);"
            + "CREATE TABLE without(chunk_index INTEGER PRIMARY KEY, payload_index BLOB, payload BLOB) WITHOUT ROWID;"
            + $"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {chunks}) INSERT INTO many"
            + " SELECT n.i, cloudsync_payload_index(c.payload, 2), c.payload FROM n, (SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0) AS c;"
            + "INSERT INTO without SELECT * FROM many");
        return database;
    }
}
