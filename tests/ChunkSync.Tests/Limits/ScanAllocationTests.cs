using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Limits;

/// <summary>Reading changes takes no managed memory per row or per chunk, and a page of a drain a small constant.</summary>
public class ScanAllocationTests(ITestOutputHelper output)
{
    private const string Columns = "payload, rows, is_final, next_db_version, next_seq, next_frag_offset, watermark_db_version";

    /// <summary>Managed bytes that a page may take: the cursor, the query and what they hold.</summary>
    private const long PageBytes = 4096;

    /// <summary>Values from narrow to longer than what is read in one piece with its row.</summary>
    public static TheoryData<string, string> Values => new()
    {
        { "one chunk of narrow values", "i, 'v' || i" },
        { "many chunks", "i, zeroblob(1000)" },
        { "values read in pieces", "zeroblob(66000), hex(zeroblob(33000))" },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void Scan_allocates_nothing_per_row_when_it_reads_the_whole_window(string name, string values)
    {
        int few = values.Contains("66000", StringComparison.Ordinal) ? 100 : 2000;
        foreach (long? chunk in (long?[])[262_144, null])
        {
            long chunks = 0;
            string line = Allocations.AssertNonePerRow(rows => Scan(rows, values, chunk, out chunks), few);
            output.WriteLine($"{name}, chunk size {chunk?.ToString() ?? "set"}: {line} in {chunks} chunks");
        }
    }

    [Fact]
    public void Scan_allocates_nothing_per_row_when_tables_and_sites_take_turns()
    {
        output.WriteLine(Allocations.AssertNonePerRow(ScanRelayed, 500));
    }

    [Fact]
    public void Page_allocates_a_small_constant_when_rows_are_drained()
    {
        using Database database = Fill(6000, "i, zeroblob(1000)");
        AssertSmallPages(Drain(database), 20);
    }

    [Fact]
    public void Page_allocates_a_small_constant_when_a_long_value_is_drained()
    {
        using Database database = Fill(3, "randomblob(8 << 20), 'v'");
        AssertSmallPages(Drain(database), 90);
    }

    [Fact]
    public void Page_allocates_a_small_constant_when_rows_share_one_position()
    {
        using Database database = Fill(2000, "i, zeroblob(1000)");
        database.Exec("UPDATE t_cloudsync SET db_version = 1, seq = 0");
        AssertSmallPages(Drain(database), 7);
    }

    private void AssertSmallPages(List<long> pages, int atLeast)
    {
        output.WriteLine($"{pages.Count} pages, from {pages.Min()} to {pages.Max()} bytes each");
        Assert.True(pages.Count >= atLeast);
        // Statements that some page is the first to need are made once: they may show in a page or two.
        pages.Sort();
        Assert.InRange(pages[^3], 0, PageBytes);
        Assert.InRange(pages.Max(), 0, 8 * PageBytes);
    }

    private static Database Fill(int rows, string values)
    {
        Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');"
            + $" WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) INSERT INTO t SELECT 'key' || i, {values} FROM n");
        return database;
    }

    private static long Scan(int rows, string values, long? chunkSize, out long chunks)
    {
        using Database database = Fill(rows, values);
        if (chunkSize == null)
        {
            database.Exec("SELECT cloudsync_set('payload_max_chunk_size', '300000')");
        }

        using BoundStatement scan = new(
            database, $"SELECT {Columns} FROM cloudsync_payload_chunks WHERE since_db_version = 0{(chunkSize == null ? "" : " AND max_chunk_size = ?1")}");
        if (chunkSize is long size)
        {
            scan.Bind(1, size);
        }

        return Measure(scan, out chunks);
    }

    private static long ScanRelayed(int rows)
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE a(id TEXT PRIMARY KEY NOT NULL, v); CREATE TABLE b(id INTEGER PRIMARY KEY NOT NULL, v);"
            + " SELECT cloudsync_init('a'); SELECT cloudsync_init('b', 'cls', 1); BEGIN");
        for (int i = 0; i < rows; i++)
        {
            database.Run("INSERT INTO a VALUES (?, ?)", "k" + i, i);
            database.Run("INSERT INTO b VALUES (?, ?)", i, i);
        }

        database.Exec("COMMIT; INSERT INTO cloudsync_site_id(site_id) VALUES (x'11111111111111111111111111111111'), (x'22222222222222222222222222222222');"
            + " UPDATE a_cloudsync SET site_id = 1 + seq / 2 % 2; UPDATE b_cloudsync SET site_id = 2 - seq / 2 % 2");
        using BoundStatement scan = new(
            database, $"SELECT {Columns} FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND site_id = zeroblob(16) AND exclude_filter_site_id = 1");
        Assert.Equal(2L * rows, database.Scalar("SELECT sum(rows) FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND site_id = zeroblob(16) AND exclude_filter_site_id = 1"));
        return Measure(scan, out _);
    }

    private static long Measure(BoundStatement scan, out long chunks)
    {
        scan.Run();
        scan.Run();
        long start = GC.GetAllocatedBytesForCurrentThread();
        chunks = scan.Run();
        return GC.GetAllocatedBytesForCurrentThread() - start;
    }

    /// <summary>Drains the window twice; the bytes of each page of the second time.</summary>
    private static List<long> Drain(Database database)
    {
        using BoundStatement first = new(
            database, $"SELECT {Columns} FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_chunk_size = 262144 LIMIT 1");
        using BoundStatement next = new(
            database, $"SELECT {Columns} FROM cloudsync_payload_chunks WHERE resume_db_version = ?1 AND resume_seq = ?2"
                + " AND resume_frag_offset = ?3 AND until_db_version = ?4 AND max_chunk_size = 262144 LIMIT 1");
        List<long> pages = new(1000);
        for (int round = 0; round < 2; round++)
        {
            pages.Clear();
            BoundStatement page = first;
            bool isFinal = false;
            while (!isFinal)
            {
                long start = GC.GetAllocatedBytesForCurrentThread();
                Assert.True(page.Step());
                isFinal = page.Int64(2) == 1;
                (long version, long seq, long offset, long until) = (page.Int64(3), page.Int64(4), page.Int64(5), page.Int64(6));
                page.Reset();
                page = next.Bind(1, version).Bind(2, seq).Bind(3, offset).Bind(4, until);
                pages.Add(GC.GetAllocatedBytesForCurrentThread() - start);
            }
        }

        return pages;
    }
}
