using ChunkSync.Backfill;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Backfill;

/// <summary>What a plan refuses, what it leaves behind, and what it costs.</summary>
public sealed class PlanInputTests(ITestOutputHelper output)
{
    private const string Rows = "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b INT); CREATE INDEX t_a ON t(a); CREATE INDEX t_part ON t(a) WHERE b > 3;"
        + "CREATE TABLE w(k TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID; CREATE VIEW v AS SELECT 1; CREATE TABLE h(rowid, _rowid_, oid);"
        + "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO t SELECT i, 'k' || (i % 7), i FROM n;";

    [Theory]
    [InlineData("'t', 0", "target_rows must be an integer of at least 1, not 0")]
    [InlineData("'t', 'ten'", "target_rows must be an integer of at least 1, not 'ten'")]
    [InlineData("'t', NULL, 1.5", "target_bytes must be an integer of at least 1, not 1.5")]
    [InlineData("'t', 5, NULL, NULL, NULL, NULL, 3", "give chunks or a target, not both")]
    [InlineData("NULL", "a table name is needed, as in cloudsync_backfill_plan('items')")]
    [InlineData("'missing'", "table missing does not exist in main")]
    [InlineData("'t', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'other'", "table t does not exist in other")]
    [InlineData("'v'", "v is a view, not a table")]
    [InlineData("'sqlite_master'", "sqlite_master is a system table, not a table")]
    [InlineData("'t', 1, NULL, 'nope'", "table t has no index nope; it has: t_a, t_part")]
    [InlineData("'t', 1, NULL, 't_part'", "index t_part is partial: it does not hold every row")]
    [InlineData("'h'", "the rowid of h is hidden by columns of that name")]
    [InlineData("'t', 1, NULL, NULL, 'best'", "unknown strategy 'best': auto, quantile, temporal, prefix, width")]
    [InlineData("'t', NULL, 9, NULL, 'width'", "strategy width takes target_rows only")]
    [InlineData("'t', 9, 9, NULL, NULL, NULL, NULL, 'even'", "balance even takes one target")]
    [InlineData("'t', 9, NULL, NULL, 'width', NULL, NULL, NULL, 'sample'", "mode sample takes strategy quantile only")]
    [InlineData("'w', 9, NULL, NULL, NULL, NULL, NULL, NULL, 'sample'", "mode sample needs a rowid, and w is WITHOUT ROWID")]
    [InlineData("'t', 9, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0.9", "slack must lie between 0 and 0.5, not 0.9")]
    [InlineData("'t', 9, NULL, NULL, NULL, x'00'", "resume is not a value of column next")]
    public void Plan_says_what_is_wrong_when_it_is_refused(string arguments, string text)
    {
        using Database database = Database.Open();
        database.Exec(Rows);
        SqlException failure = Assert.Throws<SqlException>(() => database.Query($"SELECT * FROM cloudsync_backfill_plan({arguments})"));
        Assert.Equal("cloudsync_backfill_plan: " + text, failure.Text);
        Assert.Null(database.BusyStatement());
    }

    [Fact]
    public void Resume_is_refused_when_the_plan_or_the_schema_is_another()
    {
        using Database database = Database.Open();
        database.Exec(Rows);
        object? next = database.Scalar("SELECT next FROM cloudsync_backfill_plan('t', 100)");
        const string Again = "SELECT * FROM cloudsync_backfill_plan('t', {0}, NULL, NULL, NULL, ?)";
        Assert.Equal(
            "cloudsync_backfill_plan: resume belongs to another plan: table, order or inputs differ",
            Assert.Throws<SqlException>(() => database.Query(string.Format(Again, 99), next)).Text);
        database.Exec("CREATE TABLE another(x)");
        Assert.Equal(9, database.Query(string.Format(Again, 100), next).Count);
        database.Exec("ALTER TABLE t ADD COLUMN c");
        Assert.Equal(
            "cloudsync_backfill_plan: the schema of t has changed since resume was made",
            Assert.Throws<SqlException>(() => database.Query(string.Format(Again, 100), next)).Text);
    }

    [Fact, Soak("backfill-resume")]
    public void Resume_is_refused_when_its_bytes_are_changed()
    {
        using Effort effort = Effort.Start("backfill-resume", output, sample: 2000);
        using Database database = Database.Open();
        database.Exec(Rows);
        using IDisposable pause = database.PauseChecks();
        byte[] next = (byte[])database.Scalar("SELECT next FROM cloudsync_backfill_plan('t', 100, NULL, 't_a')")!;
        while (effort.Next("values"))
        {
            byte[] changed = effort.Random.Next(3) switch
            {
                0 => next[..effort.Random.Next(next.Length)],
                1 => [.. next.Select((value, i) => i == effort.Turn % next.Length ? (byte)(value ^ (1 << effort.Random.Next(8))) : value)],
                _ => RandomBytes(effort.Random),
            };
            SqlException failure = Assert.Throws<SqlException>(
                () => database.Query("SELECT * FROM cloudsync_backfill_plan('t', 100, NULL, 't_a', NULL, ?)", changed));
            Assert.Equal("cloudsync_backfill_plan: resume is not a value of column next", failure.Text);
        }
    }

    /// <summary>A checksum is no secret: whoever makes one gets a plan or an error, and no crash.</summary>
    [Fact, Soak("backfill-tokens")]
    public void Resume_is_refused_or_read_when_its_bytes_are_random_or_forged()
    {
        const int Each = 1000;
        using Effort effort = Effort.Start("backfill-tokens", output, sample: 200);
        using Database database = Database.Open();
        database.Exec(Rows);
        using IDisposable pause = database.PauseChecks();
        byte[] next = (byte[])database.Scalar("SELECT next FROM cloudsync_backfill_plan('t', 100, NULL, 't_a')")!;
        while (effort.Next("forged"))
        {
            for (int i = 0; i < Each; i++)
            {
                byte[] random = RandomBytes(effort.Random);
                if (i % 2 == 0 && random.Length > 0)
                {
                    random[0] = ResumeToken.Version;
                }

                Assert.Null(ResumeToken.TryRead(random, out _));
            }

            effort.Add("random", Each);

            // What the plan is and its schema stay: behind them everything is believed once the checksum fits.
            const int Checked = 17;
            const int Checksum = 8;
            byte[] forged = next.ToArray();
            for (int i = effort.Random.Next(1, 4); i > 0; i--)
            {
                forged[effort.Random.Next(Checked, forged.Length - Checksum)] = (byte)effort.Random.Next(256);
            }

            System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(
                forged.AsSpan(forged.Length - Checksum), ChunkSync.Format.Fnv1a64.Of(forged.AsSpan(0, forged.Length - Checksum)));
            try
            {
                database.Query("SELECT * FROM cloudsync_backfill_plan('t', 100, NULL, 't_a', NULL, ?)", forged);
                effort.Add("read", 1);
            }
            catch (SqlException failure)
            {
                Assert.StartsWith("cloudsync_backfill_plan: ", failure.Text);
            }

            Assert.Null(database.BusyStatement());
        }
    }

    [Fact]
    public void Plan_leaves_nothing_behind_when_it_runs_where_nothing_may_be_written()
    {
        using TempFile file = new();
        List<string> expected;
        using (Database writer = Database.Open(file.Path))
        {
            writer.Exec(Rows);
            expected = Lines(writer);
        }

        using Database database = Database.Open(file.Path, readOnly: true);
        database.Exec("PRAGMA query_only = 1; PRAGMA trusted_schema = OFF");
        object? before = database.Scalar("SELECT total_changes() || ' ' || (SELECT count(*) FROM sqlite_temp_master)");
        Assert.Equal(expected, Lines(database));
        Assert.False(database.InTransaction);
        database.Exec("BEGIN");
        Assert.Equal(expected, Lines(database));
        database.Exec("COMMIT");
        Assert.Equal(before, database.Scalar("SELECT total_changes() || ' ' || (SELECT count(*) FROM sqlite_temp_master)"));
    }

    [Fact]
    public void Plan_visits_every_entry_once_when_rows_are_counted()
    {
        using Database database = Database.Open();
        database.Exec(Rows);
        foreach (string index in (string[])["NULL", "'t_a'"])
        {
            long before = (long)database.Scalar("SELECT chunksync_backfill_tick()")!;
            Assert.Equal(1000L, database.Scalar($"SELECT sum(rows) FROM cloudsync_backfill_plan('t', 7, NULL, {index})"));
            Assert.Equal(before + 1000, database.Scalar("SELECT chunksync_backfill_tick()"));
        }
    }

    [Fact]
    public void Plan_is_the_same_when_the_file_is_a_copy()
    {
        using TempFile file = new();
        using Database database = Database.Open();
        database.Exec(Rows);
        database.Run("VACUUM INTO ?", file.Path);
        using Database copy = Database.Open(file.Path);
        Assert.Equal(Lines(database), Lines(copy));
    }

    private static byte[] RandomBytes(Random random)
    {
        byte[] bytes = new byte[random.Next(200)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static List<string> Lines(Database database) =>
        [.. PlanChunk.Plan(database, new() { ["tbl"] = "t", ["target_rows"] = 30L, ["order_by"] = "t_a" }).Select(chunk => chunk.Line)];
}
