using ChunkSync.Format;
using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Merge;

/// <summary>Numbers that somebody forged, or that were written into a file by hand: refused by name and without a trace, or taken, and then
/// everything goes on.</summary>
public class VersionLimitTests(ITestOutputHelper output)
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');";
    private const string Everything =
        "SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND site_id = zeroblob(16) AND exclude_filter_site_id = 1";

    private const long Plain = 40;

    private static readonly string[] Fields = ["col_version", "db_version", "cl", "seq"];

    private static readonly long[] Integers = [.. ((long[])
        [
            0, 1, -1, 2, 3, 1L << 30, 1L << 31, 1L << 32, 1L << 53, 1L << 61, 1L << 62, long.MaxValue, long.MinValue, VersionLimits.MaxCausalLength,
            VersionLimits.ColumnVersionReach, VersionLimits.ColumnVersionEnd, VersionLimits.ClockReach, VersionLimits.DbVersionEnd,
            VersionLimits.MaxSeq,
        ]).SelectMany(number => (long[])[unchecked(number - 2), unchecked(number - 1), number, unchecked(number + 1)]).Distinct().Order()];

    /// <summary>What SQLite turns into integers.</summary>
    private static readonly object?[] Others =
    [
        null, 9.3e18, -9.3e18, 1e300, 2.5, double.NegativeInfinity, "9223372036854775807", "99999999999999999999", "-99999999999999999999", " 7x",
        "4611686018427387904", "abc", "", new byte[] { 0x38 },
    ];

    [Theory, Soak("version-limits")]
    [InlineData("insert")]
    [InlineData("apply")]
    [InlineData("load")]
    [InlineData("receive")]
    [InlineData("fragment")]
    public void Everything_goes_on_when_a_forged_number_is_taken_and_nothing_has_changed_when_it_is_refused(string path)
    {
        using Effort effort = Effort.Start("version-limits", output, sample: 12, cases: 5);
        using Database maker = New();
        while (effort.Next("changes"))
        {
            Random random = effort.Random;
            string field = Fields[random.Next(Fields.Length)];
            object? number = path is "fragment" or "receive" || random.Next(4) > 0 ? Integers[random.Next(Integers.Length)] : Others[random.Next(Others.Length)];
            ForgedChange change = Forge(field, number, sentinel: path != "fragment" && random.Next(3) == 0, key: random.Next(3) == 0 ? "new" : "k");
            effort.Add(Try(maker, path, change, field) ? "taken" : "refused", 1);
        }
    }

    /// <summary>Every number at every place: what the sample above picks from.</summary>
    [Theory]
    [InlineData("col_version", false)]
    [InlineData("db_version", false)]
    [InlineData("cl", false)]
    [InlineData("seq", false)]
    [InlineData("cl", true)]
    [InlineData("col_version", true)]
    public void Everything_goes_on_when_a_number_near_an_end_is_inserted(string field, bool sentinel)
    {
        using Database maker = New();
        foreach (long number in Integers)
        {
            Try(maker, "insert", Forge(field, number, sentinel, "k"), field);
        }
    }

    [Theory]
    [InlineData("col_version", long.MaxValue, "Error on cloudsync_payload_apply: col_version of a change of table t is 9223372036854775807, it must be from 0 to 4611686018427387903")]
    [InlineData("col_version", -1L, "Error on cloudsync_payload_apply: col_version of a change of table t is -1, it must be from 0 to 4611686018427387903")]
    [InlineData("db_version", 1L << 62, "Error on cloudsync_payload_apply: db_version of a change of table t is 4611686018427387904, it must be below 4611686018427387904")]
    [InlineData("cl", (1L << 61) + 1, "Error on cloudsync_payload_apply: cl of a change of table t is 2305843009213693953, it must be from 0 to 2305843009213693952")]
    public void Payload_is_refused_as_a_whole_when_one_number_is_beyond_its_end(string field, long number, string text)
    {
        using Database database = New();
        string before = Dump(database);
        byte[] payload = (byte[])database.Scalar(
            "SELECT cloudsync_payload_encode(column1, column2, column3, column4, column5, column6, column7, column8, column9) FROM"
            + " (VALUES ('t', ?1, 'a', 'good', 9, 40, ?2, 1, 0), ('t', ?1, 'b', 'bad', ?3, ?4, ?2, ?5, 1))",
            database.Scalar("SELECT cloudsync_pk_encode('k')"), ForgedChange.Site, field == "col_version" ? number : 9, field == "db_version" ? number : 41,
            field == "cl" ? number : 1)!;
        Assert.Equal(text, Assert.Throws<SqlException>(() => database.Scalar("SELECT cloudsync_payload_apply(?)", payload)).Text);
        Assert.Equal(before, Dump(database));
    }

    [Fact]
    public void Clock_stays_where_it_is_when_a_version_is_received_that_would_end_it()
    {
        using Database database = New();
        Forge("db_version", VersionLimits.ClockReach, false, "k").Insert(database);
        Assert.Equal(3L, database.Scalar("SELECT cloudsync_db_version()"));
        Forge("db_version", VersionLimits.ClockReach - 1, false, "new").Insert(database);
        Assert.Equal(VersionLimits.ClockReach - 1, database.Scalar("SELECT cloudsync_db_version()"));
        database.Exec("UPDATE t SET a = 'on'");
        using Database third = New();
        database.Query(Everything).ForEach(row => third.Scalar("SELECT cloudsync_payload_apply(?)", row[0]));
        Assert.Equal("on", third.Scalar("SELECT a FROM t WHERE id = 'new'"));

        // What others write is far from the end all the same.
        third.Exec("UPDATE t SET a = 'further'");
        Assert.True((long)third.Scalar("SELECT cloudsync_db_version()")! < VersionLimits.ClockReach + 10);
        SqlException failure = Assert.Throws<SqlException>(() => database.Scalar("SELECT cloudsync_db_version_next(9223372036854775807)"));
        Assert.Equal("cloudsync_db_version_next: the db_version is 9223372036854775807, it must be below 2305843009213693952", failure.Text);
    }

    [Fact]
    public void Row_begins_a_new_life_when_a_column_version_is_at_its_end()
    {
        using Database database = New();
        using Database other = New();
        ForgedChange change = Forge("col_version", VersionLimits.ColumnVersionEnd - 1, false, "k");
        change.Insert(database);
        change.Insert(other);
        database.Exec("UPDATE t SET a = 'newer' WHERE id = 'k'");
        Assert.Equal("__[RIP]__=3,a=1,b=1", Clocks(database, "k"));
        database.Query(Everything).ForEach(row => other.Scalar("SELECT cloudsync_payload_apply(?)", row[0]));
        Assert.Equal("newer", other.Scalar("SELECT a FROM t WHERE id = 'k'"));
        database.Exec("UPDATE t SET a = 'newest' WHERE id = 'k'");
        Assert.Equal("__[RIP]__=3,a=2,b=1", Clocks(database, "k"));
    }

    [Fact]
    public void Key_change_begins_a_new_life_when_the_row_that_it_replaces_has_a_version_at_its_end()
    {
        using Database database = New();
        Forge("col_version", VersionLimits.ColumnVersionEnd - 1, false, "k").Insert(database);
        database.Exec("UPDATE OR REPLACE t SET id = 'k' WHERE id = 'own'");
        Assert.Equal("__[RIP]__=3,a=1,b=1", Clocks(database, "k"));
        Assert.Equal("__[RIP]__=2", Clocks(database, "own"));
    }

    [Fact]
    public void Error_names_the_row_when_it_has_been_deleted_as_often_as_can_be_counted()
    {
        using Database database = New();
        Forge("cl", VersionLimits.MaxCausalLength, true, "k").Insert(database);
        string before = Dump(database);
        SqlException failure = Assert.Throws<SqlException>(() => database.Exec("INSERT INTO t VALUES ('k', 1, 1)"));
        Assert.Equal("table t, key 'k': the causal length of this row is 2305843009213693952, no life of it is counted behind"
            + " 2305843009213693952; use another key", failure.Text);
        Assert.Equal(before, Dump(database));
    }

    [Theory]
    [InlineData("col_version = 9.3e18", "corrupt clock row in t_cloudsync at db_version 1, seq 0: col_version is '9.3e+18' (key 'k', column a)")]
    [InlineData("col_version = 'abc'", "corrupt clock row in t_cloudsync at db_version 1, seq 0: col_version is 'abc' (key 'k', column a)")]
    [InlineData("col_version = NULL", "corrupt clock row in t_cloudsync at db_version 1, seq 0: col_version is NULL (key 'k', column a)")]
    public void Reading_names_the_row_and_the_next_write_of_it_heals_when_a_file_holds_a_version_that_is_no_integer(string damage, string text)
    {
        using Database database = New().Deviates(Deviation.Damaged, "a number is written into the clocks by hand");
        database.Exec($"UPDATE t_cloudsync SET {damage} WHERE pk = cloudsync_pk_encode('k') AND col_name = 'a'");
        Assert.Equal(text, Assert.Throws<SqlException>(() => database.Query(Everything)).Text);
        Assert.Equal(text, Assert.Throws<SqlException>(() => database.Query("SELECT * FROM cloudsync_changes")).Text);
        database.Exec("UPDATE t SET a = 'healed' WHERE id = 'k'");
        using Database third = New();
        third.Exec("DELETE FROM t");
        using Database fourth = Database.Open();
        fourth.Exec(Schema);
        database.Query(Everything).ForEach(row => fourth.Scalar("SELECT cloudsync_payload_apply(?)", row[0]));
        Assert.Equal("healed", fourth.Scalar("SELECT a FROM t WHERE id = 'k'"));
    }

    [Fact]
    public void Reading_names_the_row_when_its_sentinel_is_no_integer()
    {
        using Database database = New().Deviates(Deviation.Damaged, "a number is written into the clocks by hand");
        database.Exec("DELETE FROM t WHERE id = 'k'; INSERT INTO t VALUES ('k', 3, 3); UPDATE t_cloudsync SET col_version = 9.3e18 WHERE col_name = '__[RIP]__'");
        Assert.Contains("col_version is '9.3e+18' (key 'k', column __[RIP]__)", Assert.Throws<SqlException>(() => database.Query(Everything)).Text);
        Assert.Contains("the sentinel's col_version of key 'k' is 9.3e+18, which is not an integer", Assert.Throws<SqlException>(
            () => database.Query("SELECT * FROM cloudsync_changes WHERE db_version = 4 AND seq > 0")).Text);
        Assert.Contains("the causal length of this row is 9.3e+18", Assert.Throws<SqlException>(() => database.Exec("DELETE FROM t WHERE id = 'k'")).Text);
    }

    [Theory]
    [InlineData("4611686018427387904")]
    [InlineData("9223372036854775807")]
    [InlineData("9.3e18")]
    public void Changes_made_here_are_taken_elsewhere_when_a_file_holds_a_db_version_beyond_the_end(string version)
    {
        using Database database = New().Deviates(Deviation.Damaged, "a number is written into the clocks by hand");
        database.Exec($"UPDATE t_cloudsync SET db_version = {version} WHERE pk = cloudsync_pk_encode('k') AND col_name = 'a'");
        database.Exec("SELECT cloudsync_db_version(); UPDATE t SET a = 'mine' WHERE id = 'own'");
        Assert.Equal(3L, database.Scalar("SELECT cloudsync_db_version()"));
        using Database third = New();
        byte[] payload = (byte[])database.Scalar("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND until_db_version = 3")!;
        third.Scalar("SELECT cloudsync_payload_apply(?)", payload);
        Assert.Equal("mine", third.Scalar("SELECT a FROM t WHERE id = 'own'"));
    }

    [Fact]
    public void Window_is_not_empty_in_silence_when_the_newest_db_version_is_no_number()
    {
        using Database database = New().Deviates(Deviation.Damaged, "a number is written into the clocks by hand");
        database.Exec("UPDATE t_cloudsync SET db_version = 'abc' WHERE pk = cloudsync_pk_encode('k') AND col_name = 'a'");
        SqlException failure = Assert.Throws<SqlException>(() => database.Query("SELECT payload FROM cloudsync_payload_chunks"));
        Assert.Equal("corrupt clock row in t_cloudsync: db_version is 'abc'", failure.Text);
        Assert.Equal(2L, database.Scalar("SELECT cloudsync_db_version()"));
    }

    [Fact]
    public void Clock_goes_on_when_the_stored_floor_is_beyond_the_end()
    {
        using Database database = New();
        database.Exec("INSERT INTO cloudsync_settings VALUES ('pre_alter_dbversion', '9223372036854775807'); UPDATE t SET a = 'x'");
        Assert.Equal(3L, database.Scalar("SELECT cloudsync_db_version()"));
    }

    [Fact]
    public void Delete_leaves_a_tombstone_when_the_row_was_inserted_again_while_capture_was_off()
    {
        using Database database = New();
        database.Exec("DELETE FROM t WHERE id = 'k'; SELECT cloudsync_disable('t'); INSERT INTO t VALUES ('k', 5, 5); SELECT cloudsync_enable('t');"
            + " DELETE FROM t WHERE id = 'k'");
        Assert.Equal("__[RIP]__=4", Clocks(database, "k"));
    }

    private static Database New()
    {
        Database database = Database.Open();
        database.Exec(Schema + "INSERT INTO t VALUES ('k', 'here', 'there'); INSERT INTO t VALUES ('own', 1, 2)");
        return database;
    }

    private static ForgedChange Forge(string field, object? number, bool sentinel, string key) => new(
        "t", key, sentinel ? "__[RIP]__" : "a", sentinel ? null : "forged", field == "col_version" ? number : Plain, field == "db_version" ? number : Plain,
        field == "cl" ? number : 1L, field == "seq" ? number : 5L);

    /// <summary>Whether the change is taken.</summary>
    private static bool Try(Database maker, string path, ForgedChange change, string field)
    {
        using Database victim = New();
        string before = Dump(victim);
        try
        {
            Deliver(maker, victim, path, change);
        }
        catch (SqlException failure)
        {
            string number = field switch
            {
                "col_version" => Shown(change.ColumnVersion),
                "db_version" => Shown(change.DbVersion),
                "cl" => Shown(change.CausalLength),
                _ => Shown(change.Seq),
            };
            Assert.True(failure.Text.Contains(field, StringComparison.Ordinal) && failure.Text.Contains(number, StringComparison.Ordinal)
                && (failure.Text.Contains("table t", StringComparison.Ordinal) || path == "receive"), $"{path} {change}: {failure.Text}");
            Assert.Equal(before, Dump(victim));
            return false;
        }

        GoOn(victim, change);
        return true;
    }

    private static string Shown(object? number) => number switch
    {
        long integer => integer.ToString(),
        double real => real > 0 ? "9223372036854775807" : "-9223372036854775808",
        string text => text.Trim('9', '-').Length == 0 ? text.StartsWith('-') ? "-9223372036854775808" : "9223372036854775807" : text,
        _ => "",
    };

    private static void Deliver(Database maker, Database victim, string path, ForgedChange change)
    {
        switch (path)
        {
            case "insert":
                change.Insert(victim);
                break;
            case "fragment":
                victim.Scalar("SELECT cloudsync_payload_apply(?)", change.Fragment(maker));
                break;
            case "apply":
                victim.Scalar("SELECT cloudsync_payload_apply(?)", change.Payload(maker));
                break;
            case "load":
                using (TempFile file = new())
                {
                    File.WriteAllBytes(file.Path, change.Payload(maker));
                    victim.Scalar("SELECT cloudsync_payload_load(?)", file.Path);
                }

                break;
            default:
                long version = change.DbVersion is long given ? given : 0;
                victim.Scalar("SELECT cloudsync_payload_receive(?, ?, ?, 0, 0, ?, 0, 0, 1)", change.Payload(maker), ForgedChange.Site, Math.Min(version, Plain), version);
                break;
        }
    }

    private static void GoOn(Database victim, ForgedChange change)
    {
        using Database third = Database.Open();
        third.Exec(Schema);
        victim.Exec("INSERT INTO t VALUES ('more', 1, 2)");
        victim.Run("UPDATE t SET a = 'written', b = 'too' WHERE id = ?", change.Key);
        HandOn(victim, third, change);
        victim.Run("UPDATE t SET a = 'again'");
        victim.Run("DELETE FROM t WHERE id = ?", change.Key);
        HandOn(victim, third, change);
        try
        {
            victim.Run("INSERT INTO t VALUES (?, 'anew', 'anew')", change.Key);
        }
        catch (SqlException failure)
        {
            Assert.Contains("use another key", failure.Text, StringComparison.Ordinal);
            Assert.True((long)victim.Scalar("SELECT max(cl) FROM cloudsync_changes")! >= VersionLimits.MaxCausalLength, failure.Text + change);
        }

        HandOn(victim, third, change);
        third.Exec("UPDATE t SET b = 'from elsewhere'; INSERT INTO t VALUES ('third', 1, 1)");
        HandOn(third, victim, change);
        Assert.Equal("ok", victim.Scalar("PRAGMA integrity_check"));
    }

    private static void HandOn(Database from, Database to, ForgedChange change)
    {
        Assert.Equal(0L, from.Scalar("SELECT count(*) FROM t_cloudsync WHERE typeof(col_version) || typeof(db_version) || typeof(seq) <> 'integerintegerinteger'"));
        Assert.True((long)from.Scalar("SELECT cloudsync_db_version()")! < VersionLimits.DbVersionEnd);
        from.Query(Everything).ForEach(row => to.Scalar("SELECT cloudsync_payload_apply(?)", row[0]));
        string rows = Rows(from);
        Assert.True(rows == Rows(to), $"{change}\n{rows}\n---\n{Rows(to)}");
    }

    private static string Rows(Database database) =>
        string.Join("\n", database.Query("SELECT * FROM t ORDER BY id").Select(row => string.Join(",", row.Select(FixtureValues.Describe))));

    private static string Clocks(Database database, string key) => (string)database.Scalar(
        "SELECT group_concat(c) FROM (SELECT col_name || '=' || col_version AS c FROM t_cloudsync WHERE pk = cloudsync_pk_encode(?) ORDER BY col_name)", key)!;

    private static string Dump(Database database) => string.Join("\n", ((string[])["t", "t_cloudsync", "cloudsync_site_id", "cloudsync_settings",
        "cloudsync_payload_fragments", "sqlite_master"]).SelectMany(table => database.Query($"SELECT * FROM {table}")
        .Select(row => string.Join(",", row.Select(FixtureValues.Describe)))));
}
