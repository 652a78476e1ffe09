using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Chunks;

/// <summary>Positions that many rows share, together longer than a chunk, with values longer than a chunk among them.</summary>
public class TieTests(ITestOutputHelper output)
{
    private const long ChunkSize = 262_144;
    private const string Condition = "1";
    private const string Schema = """
        CREATE TABLE p(id TEXT PRIMARY KEY NOT NULL, a, b);
        CREATE TABLE w(id TEXT PRIMARY KEY NOT NULL, v) WITHOUT ROWID;
        SELECT cloudsync_init('p'); SELECT cloudsync_init('w');
        """;

    /// <summary>Everybody's changes: an unknown site is excluded.</summary>
    private static readonly (string Column, object? Value)[] Window =
        [("max_chunk_size", ChunkSize), ("site_id", new byte[16]), ("exclude_filter_site_id", 1)];

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(17)]
    [InlineData(120)]
    [InlineData(1000)]
    public void Drain_tiles_the_scan_when_rows_share_a_position(int rows)
    {
        Random random = new(Seed.Next(output));
        using TempFile file = new();
        using Database database = Database.Open(file.Path);
        Fill(database, random, rows);

        // The whole group at one position, with single rows before and behind it.
        database.Exec("UPDATE p_cloudsync SET db_version = 2, seq = 7 WHERE db_version = 2; UPDATE w_cloudsync SET db_version = 2, seq = 7 WHERE db_version = 2");
        Check(file.Path, database, random, cuts: 100);
    }

    [Fact]
    public void Drain_tiles_the_scan_when_many_positions_are_shared()
    {
        Random random = new(Seed.Next(output));
        using TempFile file = new();
        using Database database = Database.Open(file.Path);
        Fill(database, random, 300);
        database.Exec("UPDATE p_cloudsync SET db_version = 2 + seq % 2, seq = seq % 5 WHERE db_version = 2;"
            + " UPDATE w_cloudsync SET db_version = 2 + seq % 2, seq = seq % 5 WHERE db_version = 2");
        Check(file.Path, database, random, cuts: 100);
    }

    [Fact]
    public void Drain_tiles_the_scan_when_several_sources_were_applied_in_one_transaction()
    {
        Random random = new(Seed.Next(output));
        using TempFile file = new();
        using Database database = Database.Open(file.Path);
        database.Exec(Schema);
        const string Columns = "tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq";
        database.Exec("BEGIN");
        for (int i = 0; i < 6; i++)
        {
            using Database source = Database.Open();
            Fill(source, random, 25, prefix: "source" + i);

            // A payload gives every source version a version of its own; single changes all get the transaction's.
            foreach (object?[] change in source.Query($"SELECT {Columns} FROM cloudsync_changes"))
            {
                database.Run($"INSERT INTO cloudsync_changes({Columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", change);
            }
        }

        database.Exec("COMMIT");
        Check(file.Path, database, random, cuts: 100);
    }

    /// <summary>One row, then in one transaction a group of rows in two tables, some of them longer than a chunk, then one row.</summary>
    private static void Fill(Database database, Random random, int rows, string prefix = "k")
    {
        if (database.Scalar("SELECT 1 FROM sqlite_master WHERE name = 'p'") == null)
        {
            database.Exec(Schema);
        }

        database.Run("INSERT INTO p VALUES (?, 1, 2)", prefix + "before");
        database.Exec("BEGIN");

        // Keys in no order, so that the order at a position is not that of insertion; long values first, last and anywhere.
        int[] order = [.. Enumerable.Range(0, rows)];
        random.Shuffle(order);
        int[] longOnes = [0, rows - 1, random.Next(rows)];
        foreach (int i in order)
        {
            int length = longOnes.Contains(i) ? random.Next(262_144, 700_000) : random.Next(800_000 / rows > 200_000 ? 200_000 : 800_000 / rows);
            byte[] value = new byte[length];
            random.NextBytes(value);
            string id = $"{prefix}{i:d4}";
            if (i % 3 == 2)
            {
                database.Run("INSERT INTO w VALUES (?, ?)", id, value);
            }
            else
            {
                database.Run("INSERT INTO p VALUES (?, ?, ?)", id, i % 2 == 0 ? value : (long)i, i % 2 == 0 ? null : Convert.ToHexString(value)[..length]);
            }
        }

        database.Exec("COMMIT");
        database.Run("INSERT INTO p VALUES (?, 1, 2)", prefix + "zbehind");
    }

    private void Check(string path, Database database, Random random, int cuts)
    {
        long watermark = (long)database.Scalar("SELECT max(v) FROM (SELECT max(db_version) AS v FROM p_cloudsync UNION ALL SELECT max(db_version) FROM w_cloudsync)")!;
        List<NaiveStream.Row> rows = NaiveStream.Read(database, Condition, watermark);
        List<ChunkRow> scan = ChunkRow.Read(database, [.. Window, ("since_db_version", 0)]);
        PageCheck.Scan(scan, rows, ChunkSize, watermark);
        string[] expected = [.. scan.Select(chunk => chunk.Describe())];
        List<ChunkRow> drained = ChunkRow.Drain(database, [.. Window, ("since_db_version", 0)]);
        Assert.Equal(expected, drained.Select(chunk => chunk.Describe()));
        AssertProgress(drained);
        Assert.Equal(expected, DrainOnNewConnections(path));
        int tied = rows.Where((row, i) => i > 0 && (row.DbVersion, row.Seq) == (rows[i - 1].DbVersion, rows[i - 1].Seq)).Count();
        int checkedCuts = CheckCuts(path, database, random, rows, watermark, cuts);
        output.WriteLine($"{rows.Count} rows, {tied} behind another at their position, {scan.Count} chunks, {checkedCuts} cuts resumed");
        Assert.True(tied > 0 && scan.Count > 3);
    }

    /// <summary>Resumes at every cut, or at so many of them, on a connection that knows nothing and on one that has paged.</summary>
    private static int CheckCuts(string path, Database database, Random random, List<NaiveStream.Row> rows, long watermark, int wanted)
    {
        using Database fresh = Database.Open(path);
        List<(int Row, long Inside)> cuts =
            [.. rows.SelectMany((row, i) => NaiveStream.Parts(row, ChunkSize).Select(inside => (i, inside)))];
        (int, long)[] chosen = [.. cuts];
        random.Shuffle(chosen);
        foreach ((int row, long inside) in chosen.Take(wanted))
        {
            (long v, long s, long o) = NaiveStream.Cursor(rows, row, inside, watermark);
            List<(string, object?)> resume =
                [.. Window, ("until_db_version", watermark), ("resume_db_version", v), ("resume_seq", s), ("resume_frag_offset", o)];
            NaiveStream.Chunk expected = NaiveStream.Cut(rows, row, inside, ChunkSize, watermark);
            PageCheck.Page(expected, Assert.Single(ChunkRow.Read(fresh, resume, onlyFirst: true)), watermark);
            PageCheck.Page(expected, Assert.Single(ChunkRow.Read(database, resume, onlyFirst: true)), watermark);
        }

        return Math.Min(wanted, cuts.Count);
    }

    private static void AssertProgress(List<ChunkRow> pages)
    {
        (long, long, long) last = (-1, 0, 0);
        foreach (ChunkRow page in pages.Where(page => !page.IsFinal))
        {
            (long, long, long) next = (page.NextDbVersion, page.NextSeq, page.NextOffset);
            Assert.True(next.CompareTo(last) > 0, $"{next} does not lie behind {last}");
            last = next;
        }
    }

    private static string[] DrainOnNewConnections(string path)
    {
        Database current = Database.Open(path);
        try
        {
            return
            [
                .. ChunkRow.Drain(current, [.. Window, ("since_db_version", 0)], _ =>
                {
                    current.Dispose();
                    return current = Database.Open(path);
                }).Select(chunk => chunk.Describe()),
            ];
        }
        finally
        {
            current.Dispose();
        }
    }
}
