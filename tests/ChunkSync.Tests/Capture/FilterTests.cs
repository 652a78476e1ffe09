using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Capture;

/// <summary>Rows that go out of a table's filter and come in again, by whatever way: what others were told of them stays true, what they come
/// back with arrives, and what is written outside stays here.</summary>
public sealed class FilterTests : IDisposable
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b, u UNIQUE); SELECT cloudsync_init('t');";
    private const string Known = "INSERT INTO t VALUES ('k', 1, 1, 'k'), ('m', 1, 1, 'm'); UPDATE t SET a = 5, b = 5 WHERE id = 'k'; UPDATE t SET b = 6;";

    private readonly Database here = Database.Open();
    private readonly Database there = Database.Open();
    private readonly OneWay outward;
    private readonly OneWay back;

    public FilterTests()
    {
        here.Exec(Schema);
        there.Exec(Schema);
        outward = new OneWay(here, there);
        back = new OneWay(there, here);
    }

    /// <summary>How a row goes out of a filter, and how it comes in.</summary>
    public static TheoryData<string, string> Ways
    {
        get
        {
            string[] outwards =
            [
                "SELECT cloudsync_set_filter('t', 'id <> ''k''')",
                "SELECT cloudsync_set_filter('t', 'a < 9'); UPDATE t SET a = 10 WHERE id = 'k'",
                "SELECT cloudsync_set_filter('t', 'a < 9'); UPDATE t SET a = 10, b = 7 WHERE id = 'k'",
                "SELECT cloudsync_set_filter('t', 'a < 9'); INSERT OR REPLACE INTO t VALUES ('k', 10, 3, 'k')",
            ];
            string[] inwards =
            [
                "SELECT cloudsync_clear_filter('t')",
                "SELECT cloudsync_set_filter('t', 'b IS NOT NULL')",
                "UPDATE t SET a = 2 WHERE id = 'k'; SELECT cloudsync_clear_filter('t')",
                "INSERT INTO t VALUES ('k', 2, 2, 'k') ON CONFLICT(id) DO UPDATE SET a = 2; SELECT cloudsync_clear_filter('t')",
                "INSERT OR REPLACE INTO t VALUES ('k', 2, 2, 'k'); SELECT cloudsync_clear_filter('t')",
                "DELETE FROM t WHERE id = 'k'; SELECT cloudsync_clear_filter('t'); INSERT INTO t VALUES ('k', 3, 3, 'k')",
                "UPDATE t SET id = 'n' WHERE id = 'k'; UPDATE t SET id = 'k' WHERE id = 'n'; SELECT cloudsync_clear_filter('t')",
            ];
            TheoryData<string, string> ways = [];
            foreach (string way in outwards)
            {
                foreach (string again in inwards)
                {
                    ways.Add(way, again);
                }
            }

            return ways;
        }
    }

    public void Dispose()
    {
        here.Dispose();
        there.Dispose();
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Row_arrives_when_it_left_a_filter_was_written_outside_and_came_back(string leave, string enter)
    {
        foreach (string outside in Share.Of((string[])["", "UPDATE t SET b = 8 WHERE id = 'k';"], parts: 2))
        {
            foreach (bool sendsBetween in (bool[])[false, true])
            {
                using FilterTests pair = new();
                pair.here.Exec(Known);
                pair.outward.Send();
                pair.here.Exec(leave + ";" + outside);
                if (sendsBetween)
                {
                    pair.outward.Send();
                }

                pair.here.Exec(enter);
                pair.outward.Send();
                pair.AssertSame();
                pair.here.Exec("UPDATE t SET a = 1");
                pair.outward.Send();
                pair.AssertSame();
                pair.there.Exec("UPDATE t SET b = 4");
                pair.back.Send();
                pair.AssertSame();
                using Database third = Database.Open();
                third.Exec(Schema);
                new OneWay(pair.here, third).Send();
                Assert.Equal(Rows(pair.here), Rows(third));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void No_version_goes_back_when_a_row_leaves_a_filter_and_comes_back(string leave, string enter)
    {
        using TempFile file = new();
        using (Database database = Database.Open(file.Path))
        {
            database.Exec(Schema + Known);
            Dictionary<string, (long, long)> before = Versions(database);
            long given = (long)database.Scalar("SELECT cloudsync_db_version()")!;
            database.Exec(leave);
            using (Database other = Database.Open(file.Path))
            {
                Assert.True((long)other.Scalar("SELECT cloudsync_db_version()")! >= given);
            }

            database.Exec(enter);
            database.Exec("UPDATE t SET a = a + 1");
            foreach ((string column, (long, long) version) in Versions(database))
            {
                Assert.True(version.CompareTo(before.GetValueOrDefault(column)) >= 0, $"{column}: {version} after {before.GetValueOrDefault(column)}");
            }
        }

        Dictionary<string, (long, long)> Versions(Database database) => database.Query(
            "SELECT col_name, cl, col_version FROM cloudsync_changes WHERE pk = cloudsync_pk_encode('k') AND cl % 2")
            .ToDictionary(row => (string)row[0]!, row => ((long)row[1]!, (long)row[2]!));
    }

    [Theory]
    [InlineData("UPDATE t SET a = 10, b = 'secret' WHERE id = 'k'")]
    [InlineData("SELECT cloudsync_set_filter('t', 'id <> ''k'''); UPDATE t SET b = 'secret' WHERE id = 'k'")]
    [InlineData("INSERT OR REPLACE INTO t VALUES ('k', 10, 'secret', 'k')")]
    [InlineData("UPDATE t SET id = 'new', a = 10, b = 'secret' WHERE id = 'k'")]
    public void Values_outside_a_filter_are_not_sent_when_their_row_has_left_it(string leave)
    {
        here.Exec(Known + "SELECT cloudsync_set_filter('t', 'a < 9')");
        here.Exec(leave);
        outward.Send();
        Assert.Equal("m", there.Scalar("SELECT group_concat(id) FROM t"));
        Assert.Equal(0L, here.Scalar("SELECT count(*) FROM cloudsync_changes WHERE col_value = 'secret'"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Row_that_was_never_sent_arrives_whole_when_an_update_takes_it_into_the_filter(bool asNewKey)
    {
        here.Exec("SELECT cloudsync_set_filter('t', 'a = 1'); INSERT INTO t VALUES ('k', 0, 'x', 'y')");
        outward.Send();
        here.Exec(asNewKey ? "UPDATE t SET id = 'n', a = 1" : "UPDATE t SET a = 1");
        outward.Send();
        AssertSame();
    }

    [Fact]
    public void Row_arrives_when_its_tombstone_was_sent_and_it_was_inserted_outside_and_updated_into_the_filter()
    {
        here.Exec("SELECT cloudsync_set_filter('t', 'a = 1'); INSERT INTO t VALUES ('k', 1, 'x', 'y')");
        outward.Send();
        here.Exec("DELETE FROM t; INSERT INTO t VALUES ('k', 0, 'z', 'z')");
        outward.Send();
        Assert.Equal(0L, there.Scalar("SELECT count(*) FROM t"));
        here.Exec("UPDATE t SET a = 1");
        outward.Send();
        AssertSame();
    }

    [Theory]
    [InlineData("UPDATE t SET id = 'out' WHERE id = 'k'")]
    [InlineData("UPDATE OR REPLACE t SET id = 'out' WHERE id = 'k'")]
    [InlineData("INSERT INTO t VALUES ('out', 0, 0, 'o'); UPDATE OR REPLACE t SET id = 'out' WHERE id = 'k'")]
    [InlineData("INSERT OR REPLACE INTO t VALUES ('out', 2, 2, 'k')")]
    public void Key_that_is_no_more_is_deleted_elsewhere_when_another_one_outside_the_filter_takes_its_place(string change)
    {
        here.Exec(Known + "SELECT cloudsync_set_filter('t', 'id <> ''out''')");
        outward.Send();
        here.Exec(change);
        outward.Send();
        Assert.Equal("m", there.Scalar("SELECT group_concat(id) FROM t"));
        here.Exec("SELECT cloudsync_clear_filter('t')");
        outward.Send();
        AssertSame();
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(0, true)]
    [InlineData(1, true)]
    public void Replaced_row_is_deleted_elsewhere_when_its_new_version_is_outside_the_filter(int recursive, bool inTransaction)
    {
        here.Exec(Known + $"SELECT cloudsync_set_filter('t', 'a < 9'); PRAGMA recursive_triggers = {recursive}");
        outward.Send();
        here.Exec(inTransaction ? "BEGIN" : "");
        here.Exec("INSERT OR REPLACE INTO t VALUES ('k', 10, 10, 'k')");
        here.Exec(inTransaction ? "COMMIT" : "");
        outward.Send();
        Assert.Equal("m", there.Scalar("SELECT group_concat(id) FROM t"));
        here.Exec("UPDATE t SET a = 3 WHERE id = 'k'");
        outward.Send();
        AssertSame();

        // From outside to outside nothing is said.
        here.Exec("UPDATE t SET a = 10 WHERE id = 'k'; INSERT OR REPLACE INTO t VALUES ('k', 11, 11, 'k')");
        outward.Send();
        Assert.Equal(3L, there.Scalar("SELECT a FROM t WHERE id = 'k'"));
    }

    [Theory]
    [InlineData("INSERT OR IGNORE INTO t VALUES ('k', 10, 10, 'x')")]
    [InlineData("INSERT INTO t VALUES ('k', 10, 10, 'x') ON CONFLICT DO NOTHING")]
    [InlineData("INSERT INTO t VALUES ('k', 10, 10, 'x') ON CONFLICT(id) DO UPDATE SET b = 9")]
    public void Row_inside_stays_when_one_outside_the_filter_is_not_inserted_for_it(string change)
    {
        here.Exec(Known + "SELECT cloudsync_set_filter('t', 'a < 9')");
        outward.Send();
        here.Exec(change);
        outward.Send();
        AssertSame();
    }

    [Fact]
    public void Row_outside_is_deleted_here_alone_until_the_table_is_captured_again()
    {
        here.Exec(Known);
        outward.Send();
        here.Exec("SELECT cloudsync_set_filter('t', 'a < 5')");
        here.Exec("DELETE FROM t WHERE id = 'k'; SELECT cloudsync_recapture('t'); SELECT cloudsync_clear_filter('t')");
        outward.Send();
        Assert.Equal("k,m", there.Scalar("SELECT group_concat(id) FROM (SELECT id FROM t ORDER BY id)"));
        here.Exec("SELECT cloudsync_recapture('t')");
        outward.Send();
        AssertSame();
    }

    [Fact]
    public void Row_is_sent_whole_when_a_received_change_takes_it_into_the_filter()
    {
        here.Exec(Known);
        outward.Send();
        here.Exec("SELECT cloudsync_set_filter('t', 'a < 5'); UPDATE t SET b = 'here' WHERE id = 'k'");
        there.Exec("UPDATE t SET a = 2 WHERE id = 'k'");
        back.Send();
        outward.Send();
        AssertSame();
        using Database third = Database.Open();
        third.Exec(Schema);
        new OneWay(here, third).Send();
        new OneWay(there, third).Send();
        Assert.Equal(Rows(here), Rows(third));
    }

    [Fact]
    public void Older_change_does_not_win_when_it_comes_late_to_a_row_outside_the_filter()
    {
        here.Exec(Known);
        byte[] old = (byte[])here.Scalar("SELECT payload FROM cloudsync_payload_chunks")!;
        here.Exec("UPDATE t SET a = 7 WHERE id = 'k'");
        outward.Send();
        there.Exec("SELECT cloudsync_set_filter('t', 'id <> ''k''')");
        there.Scalar("SELECT cloudsync_payload_apply(?)", old);
        AssertSame();
    }

    [Fact]
    public void Grow_only_row_stays_elsewhere_when_a_filter_leaves_it_out()
    {
        const string GrowOnly = "CREATE TABLE g(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('g', 'gos');";
        here.Exec(GrowOnly + "INSERT INTO g VALUES ('k', 1)");
        there.Exec(GrowOnly);
        outward.Send();
        here.Exec("SELECT cloudsync_set_filter('g', 'a > 5'); INSERT OR REPLACE INTO g VALUES ('k', 2)");
        outward.Send();
        Assert.Equal(1L, there.Scalar("SELECT a FROM g"));
        here.Exec("SELECT cloudsync_clear_filter('g')");
        outward.Send();
        Assert.Equal(2L, there.Scalar("SELECT a FROM g"));
    }

    [Theory]
    [InlineData("ROLLBACK")]
    [InlineData("ROLLBACK TO s; COMMIT")]
    public void Row_is_as_before_when_its_way_out_of_the_filter_is_undone(string undo)
    {
        here.Exec(Known + "SELECT cloudsync_set_filter('t', 'a < 9')");
        outward.Send();
        List<object?[]> clocks = here.Query("SELECT * FROM t_cloudsync ORDER BY pk, col_name");
        here.Exec("BEGIN; SAVEPOINT s; UPDATE t SET a = 10, b = 3 WHERE id = 'k'; INSERT OR REPLACE INTO t VALUES ('m', 10, 1, 'm');" + undo);
        Assert.Equal(clocks, here.Query("SELECT * FROM t_cloudsync ORDER BY pk, col_name"));
        here.Exec("UPDATE t SET a = 3");
        outward.Send();
        AssertSame();
    }

    [Fact]
    public void Filter_can_be_cleared_when_its_column_was_renamed()
    {
        here.Exec(Known + "SELECT cloudsync_set_filter('t', 'b < 9')");
        using (here.PauseChecks())
        {
            here.Exec("ALTER TABLE t RENAME COLUMN b TO c; SELECT cloudsync_clear_filter('t')");
        }

        here.Exec("UPDATE t SET c = 1");
        Assert.Equal(2L, here.Scalar("SELECT count(*) FROM cloudsync_changes WHERE col_name = 'c'"));
    }

    private static List<object?[]> Rows(Database database) => database.Query("SELECT * FROM t ORDER BY id");

    private void AssertSame() => Assert.Equal(Rows(here), Rows(there));
}
