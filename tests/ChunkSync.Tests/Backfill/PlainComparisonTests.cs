using ChunkSync.Backfill;
using ChunkSync.Sqlite;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Backfill;

/// <summary>Comparisons without SQLite, against SQLite.</summary>
public class PlainComparisonTests
{
    private static readonly string[] Values =
    [
        "NULL", "0", "1", "-1", "9223372036854775807", "-9223372036854775808", "9007199254740993", "0.0", "-0.0", "1.0", "0.5", "9e999", "-9e999", "5e-324",
        "9007199254740992.0", "''", "'a'", "'A'", "'a '", "'ab'", "'é'", "'日本'", "'0'", "'1.0'", "CAST(x'6100620000' AS TEXT)", "CAST(x'FF' AS TEXT)",
        "x''", "x'00'", "x'61'", "x'6100'", "x'FF'",
    ];

    [Theory]
    [InlineData("UTF-8")]
    [InlineData("UTF-16le")]
    [InlineData("UTF-16be")]
    public void Plain_comparison_is_that_of_sqlite_when_it_answers(string encoding)
    {
        using Database database = Database.Open();
        database.Exec($"PRAGMA encoding = '{encoding}'; CREATE TABLE v(i INTEGER PRIMARY KEY, x)");
        foreach (string value in Values)
        {
            database.Exec($"INSERT INTO v(x) VALUES ({value})");
        }

        int plain = 0;
        Connection connection = new(database.Handle);
        foreach (string collation in (string[])["BINARY", "NOCASE", "RTRIM"])
        {
            using Statement pairs = connection.Prepare("SELECT l.x, r.x FROM v AS l, v AS r ORDER BY l.i, r.i");
            using Statement ask = connection.Prepare($"SELECT ?1 IS ?2 COLLATE {collation}, ?1 < ?2 COLLATE {collation}");
            while (pairs.Step())
            {
                using KeyTuple pair = KeyTuple.Of(pairs, 2);
                string shown = $"{pairs.String(0)} and {pairs.String(1)} by {collation}";
                bool? equal = PlainComparison.AreEqual(pair[0], pair[1], collation);
                bool? less = PlainComparison.IsLess(pair[0], pair[1], collation);
                ask.Bind(1, pair[0]).Bind(2, pair[1]);
                ask.Step();
                Assert.True(equal == null || equal == (ask.Int64(0) != 0), "equal: " + shown);
                Assert.True(less == null || less == (ask.Int64(1) != 0), "less: " + shown);
                ask.Reset();
                plain += equal == null ? 0 : 1;
            }
        }

        Assert.InRange(plain, 2 * Values.Length * Values.Length, 3 * Values.Length * Values.Length);
    }
}
