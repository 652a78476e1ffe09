using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Chunks;

/// <summary>Positions that many rows share, paged by connections that know nothing of each other.</summary>
public class SharedPositionTests
{
    private static readonly (string Column, object? Value)[] Window = [("since_db_version", 0), ("max_chunk_size", 262_144L)];

    [Fact]
    public void Pages_of_new_connections_step_in_proportion_when_rows_share_a_position()
    {
        (long small, int smallPages) = StepsOfDrain(4_000);
        (long large, int largePages) = StepsOfDrain(16_000);
        Assert.True(smallPages >= 4 && largePages >= 4 * (smallPages - 1), $"{smallPages} and {largePages} pages");
        Assert.True(large < 5 * small, $"{small} steps for {smallPages} pages, {large} for {largePages}");
    }

    [Fact]
    public void Page_of_a_new_connection_leaves_nothing_out_when_rows_before_the_cursor_were_written_again()
    {
        using TempFile file = new();
        Make(file.Path, 4_000);
        using Database first = Database.Open(file.Path);
        ChunkRow page = ChunkRow.Read(first, Window, onlyFirst: true)[0];

        // All rows are of one size: an offset counted from the rows that remain is a boundary again, one row too far.
        using (Database writer = Database.Open(file.Path))
        {
            writer.Exec("UPDATE p SET v = replace(v, 'x', 'y') WHERE id = 'k000000'");
        }

        using Database second = Database.Open(file.Path);
        ChunkRow next = ChunkRow.Read(second, page.Resume(Window), onlyFirst: true)[0];
        using Database alone = Database.Open(file.Path);
        string expected = (string)alone.Scalar($"SELECT id FROM p ORDER BY id LIMIT 1 OFFSET {page.Rows}")!;
        using Database receiver = Receiver();
        receiver.Run("SELECT cloudsync_payload_apply(?)", next.Payload);
        Assert.Equal(expected, receiver.Scalar("SELECT min(id) FROM p"));
    }

    [Fact]
    public void Cursor_means_nothing_to_another_file_when_it_lies_at_the_same_path()
    {
        using TempFile file = new();
        Make(file.Path, 4_000);
        ChunkRow page;
        using (Database first = Database.Open(file.Path))
        {
            page = ChunkRow.Read(first, Window, onlyFirst: true)[0];
        }

        File.Delete(file.Path);
        File.Delete(file.Path + "-wal");
        File.Delete(file.Path + "-shm");
        Make(file.Path, 4_000, length: 301);
        using Database second = Database.Open(file.Path);
        SqlException error = Assert.Throws<SqlException>(() => ChunkRow.Read(second, page.Resume(Window), onlyFirst: true));
        Assert.Contains("is not a boundary", error.Message);
    }

    [Fact]
    public void Page_of_a_transaction_that_is_undone_tells_other_connections_nothing()
    {
        using TempFile file = new();
        Make(file.Path, 10);
        ChunkRow page;
        using Database first = Database.Open(file.Path);
        first.Exec("BEGIN");
        Fill(first, 4_000, 300);
        List<ChunkRow> undone = ChunkRow.Read(first, Window);
        page = undone[0];
        Assert.True(page.NextOffset > 0);
        first.Exec("ROLLBACK");
        first.Exec("BEGIN");
        Fill(first, 4_000, 301);
        first.Exec("COMMIT");
        using Database second = Database.Open(file.Path);
        SqlException error = Assert.Throws<SqlException>(() => ChunkRow.Read(second, page.Resume(Window), onlyFirst: true));
        Assert.Contains("is not a boundary", error.Message);
    }

    [Fact]
    public void More_cursors_than_are_remembered_go_on_where_they_were()
    {
        using TempFile file = new();
        Make(file.Path, 4_000);
        using Database first = Database.Open(file.Path);
        List<(long Size, ChunkRow Page, string Next)> begun = [];
        for (long size = 262_144; begun.Count < 70; size += 301)
        {
            List<ChunkRow> two = [.. ChunkRow.Read(first, [("since_db_version", 0), ("max_chunk_size", size)]).Take(2)];
            begun.Add((size, two[0], two[1].Describe()));
        }

        foreach ((long size, ChunkRow page, string next) in begun)
        {
            using Database other = Database.Open(file.Path);
            Assert.Equal(next, ChunkRow.Read(other, page.Resume([("max_chunk_size", size)]), onlyFirst: true)[0].Describe());
        }
    }

    private static (long Steps, int Pages) StepsOfDrain(int rows)
    {
        using TempFile file = new();
        Make(file.Path, rows);
        Database current = Database.Open(file.Path);
        StatementMeter meter = new(current);
        long steps = 0;
        try
        {
            int pages = ChunkRow.Drain(current, Window, _ =>
            {
                steps += meter.VmSteps;
                meter.Dispose();
                current.Dispose();
                current = Database.Open(file.Path);
                meter = new StatementMeter(current);
                return current;
            }).Count;
            return (steps + meter.VmSteps, pages);
        }
        finally
        {
            meter.Dispose();
            current.Dispose();
        }
    }

    private static Database Receiver()
    {
        Database receiver = Database.Open();
        receiver.Exec("CREATE TABLE p(id TEXT PRIMARY KEY NOT NULL, v); SELECT cloudsync_init('p')");
        return receiver;
    }

    private static void Make(string path, int rows, int length = 300)
    {
        using Database database = Database.Open(path);
        database.Exec("CREATE TABLE p(id TEXT PRIMARY KEY NOT NULL, v); SELECT cloudsync_init('p'); BEGIN");
        Fill(database, rows, length);
        database.Exec("COMMIT");
    }

    /// <summary>Rows of one size at one position, as sqlite-sync makes them when payloads are applied in one transaction.</summary>
    private static void Fill(Database database, int rows, int length) =>
        database.Exec($"""
            WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {rows})
            INSERT OR REPLACE INTO p SELECT printf('k%06d', i), replace(printf('%{length}s', ''), ' ', 'x') FROM n;
            UPDATE p_cloudsync SET seq = 3 WHERE db_version = (SELECT max(db_version) FROM p_cloudsync);
            """);
}
