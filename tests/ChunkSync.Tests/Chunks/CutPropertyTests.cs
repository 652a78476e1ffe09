using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Chunks;

/// <summary>Random histories, and a page from every position they have, against the naive model.</summary>
public class CutPropertyTests(ITestOutputHelper output)
{
    private const long ChunkSize = 262_144;

    [Fact, Soak("cuts")]
    public void Page_equals_the_model_when_resumed_at_every_cut_of_random_histories()
    {
        using Effort effort = Effort.Start("cuts", output, sample: 5);
        while (effort.Next("histories"))
        {
            effort.Add("cuts", CheckHistory(effort.Random));
        }
    }

    private static int CheckHistory(Random random)
    {
        using TempFile file = new();
        using Database database = Database.Open(file.Path);
        database.Exec(RandomHistory.Schema);
        new RandomHistory(random, database).Run(60, longValues: 6);
        int cuts = 0;
        foreach ((string condition, List<(string, object?)> inputs) in Windows((byte[])database.Scalar("SELECT cloudsync_siteid()")!))
        {
            long watermark = (long)database.Scalar($"SELECT coalesce(max(v), 0) FROM ({Newest(condition)})")!;
            List<NaiveStream.Row> rows = NaiveStream.Read(database, condition, watermark);
            if (rows.Count == 0)
            {
                Assert.Empty(ChunkRow.Read(database, inputs));
                continue;
            }

            PageCheck.Scan(ChunkRow.Read(database, [.. inputs, ("since_db_version", -1)]), rows, ChunkSize, watermark);
            using Database fresh = Database.Open(file.Path);
            for (int i = 0; i < rows.Count; i++)
            {
                foreach (long inside in NaiveStream.Parts(rows[i], ChunkSize))
                {
                    (long v, long s, long o) = NaiveStream.Cursor(rows, i, inside, watermark);
                    List<(string, object?)> resume =
                        [.. inputs, ("until_db_version", watermark), ("resume_db_version", v), ("resume_seq", s), ("resume_frag_offset", o)];
                    Database reader = random.Next(2) == 0 ? database : fresh;
                    ChunkRow page = Assert.Single(ChunkRow.Read(reader, resume, onlyFirst: true));
                    PageCheck.Page(NaiveStream.Cut(rows, i, inside, ChunkSize, watermark), page, watermark);
                    cuts++;
                }
            }
        }

        return cuts;
    }

    private static IEnumerable<(string, List<(string, object?)>)> Windows(byte[] localSite)
    {
        byte[] other = Convert.FromHexString(RandomHistory.OtherSites[0]);
        yield return ("c.site_id = 0", [("max_chunk_size", ChunkSize)]);
        yield return ("c.site_id <> 0", [("max_chunk_size", ChunkSize), ("site_id", localSite), ("exclude_filter_site_id", 1)]);
        yield return ($"s.site_id = x'{RandomHistory.OtherSites[0]}'", [("max_chunk_size", ChunkSize), ("site_id", other)]);
        yield return ($"s.site_id <> x'{RandomHistory.OtherSites[0]}'", [("max_chunk_size", ChunkSize), ("site_id", other), ("exclude_filter_site_id", 1)]);
    }

    private static string Newest(string condition) => string.Join(" UNION ALL ", ((string[])["plain", "odd name", "norow", "keys"]).Select(
        table => $"SELECT max(c.db_version) AS v FROM \"{table}_cloudsync\" c JOIN cloudsync_site_id s ON s.rowid = c.site_id WHERE {condition}"));
}
