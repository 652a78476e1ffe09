using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Changes;

/// <summary>The table <c>cloudsync_changes</c> asked for a part of one transaction.</summary>
public sealed class SeqBoundTests(ITestOutputHelper output)
{
    /// <summary>Every comparison gives what SQLite finds by itself, also with two of them, beyond both ends, and with values that are no integers.</summary>
    [Fact]
    public void Changes_are_those_that_SQLite_finds_when_they_are_asked_for_by_seq()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); CREATE TABLE u(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t'); SELECT cloudsync_init('u')");
        database.Exec("INSERT INTO t VALUES ('early', 1, 2)");
        database.Exec("BEGIN; INSERT INTO t VALUES ('x', 1, 2); INSERT INTO u VALUES ('x', 1); INSERT INTO t VALUES ('y', 3, 4); DELETE FROM t WHERE id = 'x'; COMMIT");
        database.Exec("INSERT INTO u VALUES ('late', 1)");
        int seed = Seed.Next(output);
        Random random = new(seed);
        string[] operators = ["=", "<", "<=", ">", ">="];
        string[] values = ["-1", "0", "1", "2", "3", "4", "5", "6", "7", "99", "9223372036854775807", "-9223372036854775808", "2.5", "3.0", "'x'", "NULL"];
        for (int i = 0; i < 2000; i++)
        {
            List<(string Column, string Comparison)> terms = [("db_version", $"{operators[random.Next(3) * random.Next(2)]} {random.Next(1, 5)}")];
            for (int more = random.Next(3); more >= 0; more--)
            {
                terms.Add((random.Next(9) == 0 ? "db_version" : "seq", $"{operators[random.Next(operators.Length)]} {values[random.Next(values.Length)]}"));
            }

            string Where(string prefix) => string.Join(" AND ", terms.Select(term => $"{prefix}{term.Column} {term.Comparison}"));
            const string Columns = "SELECT tbl || hex(pk) || col_name || db_version || ':' || seq FROM cloudsync_changes WHERE ";
            Assert.True(database.Query(Columns + Where("+")).Select(row => row[0]).SequenceEqual(database.Query(Columns + Where("")).Select(row => row[0])), Where(""));
        }
    }

    [Theory]
    [InlineData("seq = 50")]
    [InlineData("seq >= 50 AND seq < 60")]
    [InlineData("seq <= 20")]
    public void Changes_of_a_position_cost_the_same_when_their_transaction_is_longer(string where)
    {
        List<long> steps = [];
        foreach (int rows in (int[])[100, 3200])
        {
            using Database database = Database.Open();
            database.Exec("CREATE TABLE t(id INTEGER PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t', 'cls', 1)");
            database.Exec($"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {rows}) INSERT INTO t SELECT i, i FROM n");
            string query = $"SELECT count(col_value) FROM cloudsync_changes WHERE db_version = 1 AND {where}";
            Assert.NotEqual(0L, database.Scalar(query));
            steps.Add(StatementMeter.StepsOf(database, query));
        }

        Assert.InRange(steps[1], 1, 2 * steps[0]);
    }
}
