using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Capture;

/// <summary>What begin and commit of an alteration, cleanup and filters keep: tombstones, causal lengths, and versions that were given
/// out.</summary>
public sealed class AlterationTests : IDisposable
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');";

    private readonly Database here = Database.Open();
    private readonly Database there = Database.Open();
    private readonly OneWay outward;
    private readonly OneWay back;

    public AlterationTests()
    {
        here.Exec(Schema);
        there.Exec(Schema);
        outward = new OneWay(here, there);
        back = new OneWay(there, here);
    }

    public static TheoryData<string> Alterations =>
    [
        "",
        "ALTER TABLE t ADD COLUMN c DEFAULT 1;",
        "ALTER TABLE t DROP COLUMN b;",
        "ALTER TABLE t RENAME COLUMN b TO c;",
        "ALTER TABLE t RENAME COLUMN b TO c; ALTER TABLE t DROP COLUMN a; ALTER TABLE t ADD COLUMN d;",
        "ALTER TABLE t RENAME COLUMN b TO B;",
    ];

    public void Dispose()
    {
        here.Dispose();
        there.Dispose();
    }

    [Theory]
    [MemberData(nameof(Alterations))]
    public void Tombstones_and_causal_lengths_stay_when_a_table_is_altered(string alteration)
    {
        here.Exec("INSERT INTO t VALUES ('dead', 1, 1), ('twice', 1, 1), ('live', 1, 1)");
        OneWay.Settle(outward, back);
        here.Exec("DELETE FROM t WHERE id <> 'live'; INSERT INTO t VALUES ('twice', 2, 2)");
        List<object?[]> sentinels = Sentinels(here);
        Assert.Equal(2, sentinels.Count);
        here.Exec($"SELECT cloudsync_begin_alter('t'); {alteration} SELECT cloudsync_commit_alter('t')");
        Assert.Equal(sentinels, Sentinels(here));
        there.Exec($"SELECT cloudsync_begin_alter('t'); {alteration} SELECT cloudsync_commit_alter('t')");

        // The peer still has the deleted row, and writes to it: deleted here, it stays deleted.
        there.Exec("UPDATE t SET id = id WHERE id = 'dead'");
        OneWay.Settle(outward, back);
        Assert.Equal("live,twice", here.Scalar("SELECT group_concat(id) FROM (SELECT id FROM t ORDER BY id)"));
        Assert.Equal(here.Query("SELECT * FROM t ORDER BY id"), there.Query("SELECT * FROM t ORDER BY id"));
        Assert.Equal(Sentinels(here), Sentinels(there));
    }

    [Theory]
    [InlineData("SELECT cloudsync_begin_alter('t'); ALTER TABLE t DROP COLUMN b; ALTER TABLE t ADD COLUMN c DEFAULT 5; SELECT cloudsync_commit_alter('t')")]
    [InlineData("BEGIN; SELECT cloudsync_begin_alter('t'); ALTER TABLE t DROP COLUMN b; ALTER TABLE t ADD COLUMN c DEFAULT 5; SELECT cloudsync_commit_alter('t'); COMMIT")]
    [InlineData("BEGIN; SELECT cloudsync_begin_alter('t'); ALTER TABLE t DROP COLUMN b; SELECT cloudsync_commit_alter('t');"
        + " SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN c DEFAULT 5; SELECT cloudsync_commit_alter('t'); COMMIT")]
    [InlineData("SELECT cloudsync_set_filter('t', 'a > 5')")]
    [InlineData("SELECT cloudsync_set_filter('t', 'a > 5'); SELECT cloudsync_clear_filter('t')")]
    [InlineData("CREATE TABLE u(id TEXT PRIMARY KEY NOT NULL); SELECT cloudsync_init('u'); SELECT cloudsync_cleanup('t'); SELECT cloudsync_init('t')")]
    public void No_version_is_given_out_twice_when_the_newest_clock_rows_go_away(string change)
    {
        here.Exec("INSERT INTO t VALUES ('k', 1, 1); UPDATE t SET b = 2; UPDATE t SET b = 9, a = a; UPDATE t SET b = 10;");
        here.Exec("INSERT INTO t VALUES ('m', 7, 7); UPDATE t SET b = 11 WHERE id = 'k'");
        long given = (long)here.Scalar("SELECT max(db_version) FROM cloudsync_changes")!;
        Assert.Equal(given, here.Scalar("SELECT cloudsync_db_version()"));
        here.Exec(change);
        Assert.True((long)here.Scalar("SELECT cloudsync_db_version()")! >= given);
        here.Exec("INSERT INTO t(id, a) VALUES ('new', 30)");
        Assert.All(
            here.Query("SELECT col_name, db_version FROM cloudsync_changes WHERE col_name = 'c' OR pk = cloudsync_pk_encode('new')"),
            row => Assert.True((long)row[1]! > given, $"{row[0]} has db_version {row[1]}, {given} was given out before"));
    }

    [Fact]
    public void New_column_reaches_a_peer_when_the_column_written_last_is_dropped()
    {
        here.Exec("INSERT INTO t VALUES ('k', 1, 1); UPDATE t SET b = 2; UPDATE t SET b = 3;");
        OneWay.Settle(outward, back);
        foreach (Database database in (Database[])[here, there])
        {
            database.Exec("SELECT cloudsync_begin_alter('t'); ALTER TABLE t DROP COLUMN b; ALTER TABLE t ADD COLUMN c");
        }

        there.Exec("SELECT cloudsync_commit_alter('t')");
        here.Exec("UPDATE t SET c = 'filled'; SELECT cloudsync_commit_alter('t')");
        OneWay.Settle(outward, back);
        Assert.Equal("filled", there.Scalar("SELECT c FROM t"));
    }

    [Theory]
    [InlineData("SELECT cloudsync_begin_alter('t'); ALTER TABLE t DROP COLUMN b; ALTER TABLE t RENAME COLUMN a TO c; DELETE FROM t WHERE id = 'k';"
        + " SELECT cloudsync_commit_alter('t')")]
    [InlineData("CREATE TABLE n(id TEXT PRIMARY KEY NOT NULL, c); INSERT INTO n SELECT id, a FROM t WHERE id <> 'k'; DROP TABLE t;"
        + " ALTER TABLE n RENAME TO t; SELECT cloudsync_recapture('t')")]
    public void Deleted_row_is_deleted_elsewhere_when_all_its_columns_go_with_it(string alteration)
    {
        here.Exec("INSERT INTO t VALUES ('k', 1, 1), ('l', 2, 2)");
        outward.Send();
        here.Deviates(Deviation.Rebuilt, "the table is rebuilt and captured again in one go").Exec(alteration);
        here.Conforms();
        there.Exec("SELECT cloudsync_begin_alter('t'); ALTER TABLE t DROP COLUMN b; ALTER TABLE t RENAME COLUMN a TO c; SELECT cloudsync_commit_alter('t')");
        outward.Send();
        Assert.Equal("l", there.Scalar("SELECT group_concat(id) FROM t"));
    }

    [Fact]
    public void Changes_of_a_row_arrive_when_it_left_a_filter_and_came_back()
    {
        here.Exec("INSERT INTO t VALUES ('k', 1, 1)");
        here.Exec("UPDATE t SET a = 5");
        outward.Send();
        here.Exec("SELECT cloudsync_set_filter('t', 'id <> ''k'''); SELECT cloudsync_clear_filter('t')");
        outward.Send();
        here.Exec("UPDATE t SET a = 2");
        outward.Send();
        Assert.Equal(2L, there.Scalar("SELECT a FROM t"));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("UPDATE t SET b = 9;", "")]
    [InlineData("UPDATE t SET b = 'new';", "UPDATE t SET b = 'old' WHERE id = 'k';")]
    public void New_column_arrives_when_one_of_its_name_was_renamed_without_begin_and_commit(string fill, string outside)
    {
        here.Exec("INSERT INTO t VALUES ('k', 1, 1), ('l', 1, 1); UPDATE t SET b = 5; UPDATE t SET b = 6 WHERE id = 'k'");
        OneWay.Settle(outward, back);
        foreach (Database database in (Database[])[there, here])
        {
            database.Deviates(Deviation.PlainAlter, "a column is renamed without begin and commit").Exec("ALTER TABLE t RENAME COLUMN b TO c");
            database.Exec("SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN b;");
            database.Exec(database == here ? fill : outside);
            database.Exec("SELECT cloudsync_commit_alter('t')");
            database.Conforms();
        }

        Assert.Equal(0L, here.Scalar("SELECT count(*) FROM cloudsync_changes WHERE col_name = 'b' AND db_version <= 3"));
        here.Exec("UPDATE t SET a = 3");
        OneWay.Settle(outward, back);
        Assert.Equal(here.Query("SELECT * FROM t ORDER BY id"), there.Query("SELECT * FROM t ORDER BY id"));
        using Database third = Database.Open();
        third.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, c, b); SELECT cloudsync_init('t');");
        new OneWay(here, third).Send();
        Assert.Equal(here.Query("SELECT * FROM t ORDER BY id"), third.Query("SELECT * FROM t ORDER BY id"));
        Assert.NotEqual(6L, here.Scalar("SELECT b FROM t WHERE id = 'k'"));
    }

    [Fact]
    public void Row_outside_a_filter_is_not_sent_when_it_has_had_an_earlier_life()
    {
        here.Exec("INSERT INTO t VALUES ('k', 1, 1)");
        here.Exec("DELETE FROM t; INSERT INTO t VALUES ('k', 1, 1)");
        here.Exec("SELECT cloudsync_set_filter('t', 'id <> ''k''')");
        outward.Send();
        Assert.Equal(0L, there.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Relayed_versions_are_kept_when_their_column_is_dropped()
    {
        using Database relay = Database.Open();
        relay.Exec(Schema);
        there.Exec("INSERT INTO t VALUES ('k', 1, 1)");
        for (int i = 0; i < 50; i++)
        {
            there.Exec("UPDATE t SET b = b + 1");
        }

        new OneWay(there, here).Send();
        long given = (long)here.Scalar("SELECT max(db_version) FROM cloudsync_changes")!;
        OneWay onward = new(here, relay);
        onward.Send();
        foreach (Database database in (Database[])[here, relay])
        {
            database.Exec("SELECT cloudsync_begin_alter('t'); ALTER TABLE t DROP COLUMN b; SELECT cloudsync_commit_alter('t')");
        }

        here.Exec("UPDATE t SET a = 'later'");
        Assert.True((long)here.Scalar("SELECT max(db_version) FROM cloudsync_changes")! > given);
        onward.Send();
        Assert.Equal("later", relay.Scalar("SELECT a FROM t"));
    }

    [Fact]
    public void Causal_length_stays_when_a_row_leaves_and_enters_a_filter()
    {
        here.Exec("INSERT INTO t VALUES ('k', 1, 1), ('m', 1, 1); DELETE FROM t WHERE id = 'k'; INSERT INTO t VALUES ('k', 9, 1)");
        OneWay.Settle(outward, back);
        here.Exec("SELECT cloudsync_set_filter('t', 'a < 5')");
        using Database third = Database.Open();
        third.Exec(Schema);
        new OneWay(here, third).Send();
        Assert.Equal("m", third.Scalar("SELECT group_concat(id) FROM t"));
        here.Exec("SELECT cloudsync_clear_filter('t')");
        Assert.Equal(3L, here.Scalar("SELECT DISTINCT cl FROM cloudsync_changes WHERE pk = cloudsync_pk_encode('k')"));
        here.Exec("DELETE FROM t WHERE id = 'k'");
        OneWay.Settle(outward, back);
        Assert.Equal("m", there.Scalar("SELECT group_concat(id) FROM t"));
    }

    [Fact]
    public void Version_stays_for_another_connection_when_the_newest_clock_rows_go_away()
    {
        using TempFile file = new();
        using Database first = Database.Open(file.Path);
        first.Exec(Schema + "INSERT INTO t VALUES ('k', 1, 1); UPDATE t SET b = 2; UPDATE t SET b = 3;");
        first.Exec("SELECT cloudsync_begin_alter('t'); ALTER TABLE t DROP COLUMN b; SELECT cloudsync_commit_alter('t')");
        using Database second = Database.Open(file.Path);
        Assert.Equal(first.Scalar("SELECT cloudsync_db_version()"), second.Scalar("SELECT cloudsync_db_version()"));
        second.Exec("UPDATE t SET a = 5");
        Assert.True((long)second.Scalar("SELECT max(db_version) FROM cloudsync_changes")! > 3);
    }

    [Fact]
    public void Blocks_go_with_their_column_when_a_block_column_is_dropped()
    {
        using TempFile file = new(Fixtures.File("block_column.db"));
        using Database database = Database.Open(file.Path);
        object? others = database.Scalar("SELECT count(*) FROM t_cloudsync WHERE col_name IN ('a', 'b', '__[RIP]__')");
        Assert.NotEqual(0L, database.Scalar("SELECT count(*) FROM t_cloudsync_blocks"));
        string block = (string)database.Scalar("SELECT DISTINCT col_name FROM cloudsync_table_settings WHERE key = 'algo' AND value = 'block'")!;
        database.Exec("SELECT cloudsync_begin_alter('t'); SELECT cloudsync_commit_alter('t')");
        Assert.NotEqual(0L, database.Scalar("SELECT count(*) FROM t_cloudsync WHERE instr(col_name, char(31))"));
        Assert.Equal(others, database.Scalar("SELECT count(*) FROM t_cloudsync WHERE col_name IN ('a', 'b', '__[RIP]__')"));
        database.Exec($"SELECT cloudsync_begin_alter('t'); ALTER TABLE t DROP COLUMN {block}; SELECT cloudsync_commit_alter('t')");
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM cloudsync_table_settings WHERE col_name = ?", block));
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM t_cloudsync WHERE instr(col_name, char(31))"));
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM t_cloudsync_blocks"));
        Assert.NotEqual(0L, database.Scalar("SELECT count(*) FROM cloudsync_changes"));
    }

    private static List<object?[]> Sentinels(Database database) =>
        database.Query("SELECT pk, col_version FROM t_cloudsync WHERE col_name = '__[RIP]__' ORDER BY pk");
}
