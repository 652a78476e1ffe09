using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Histories;

/// <summary>Tables that are altered as tools alter them, with the alteration pair and without, at different times on two replicas.</summary>
public class OrmAlterationTests(ITestOutputHelper output)
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, price TEXT DEFAULT '0', other TEXT); SELECT cloudsync_init('t');";
    private const string Rename = "SELECT cloudsync_begin_alter('t'); ALTER TABLE t RENAME COLUMN price TO cost; SELECT cloudsync_commit_alter('t');";

    /// <summary>The migrations: each makes price cost.</summary>
    public static TheoryData<string> Renames =>
    [
        Rename,
        "BEGIN;" + Rename + "COMMIT",
        "SELECT cloudsync_begin_alter('t'); ALTER TABLE t RENAME COLUMN price TO cost; UPDATE t SET cost = 'x' WHERE id = 'known'; SELECT cloudsync_commit_alter('t')",
        "SELECT cloudsync_begin_alter('t'); CREATE TABLE n(id TEXT PRIMARY KEY NOT NULL, other TEXT, cost TEXT DEFAULT '0'); INSERT INTO n SELECT id, other, price FROM t;"
            + " DROP TABLE t; ALTER TABLE n RENAME TO t; SELECT cloudsync_commit_alter('t')",
    ];

    /// <summary>The replica that renamed first holds rows of the other one without that column, and gives them its DEFAULT.</summary>
    [Theory]
    [MemberData(nameof(Renames))]
    public void Values_of_a_renamed_column_win_over_the_default_of_a_replica_that_renamed_it_before(string rename)
    {
        using Database early = Database.Open();
        using Database late = Database.Open();
        early.Exec(Schema + "INSERT INTO t VALUES ('known', '7', 'k')");
        late.Exec(Schema + "SELECT cloudsync_set('schema_check', 'names'); SELECT cloudsync_set('apply_refused', 'wait')");
        early.Exec("SELECT cloudsync_set('apply_refused', 'wait')");
        OneWay outward = new(early, late);
        OneWay back = new(late, early);
        outward.Send();
        late.Exec("INSERT INTO t VALUES ('a', ' 12', NULL), ('b', ' 5', NULL)");
        early.Exec(Rename);
        back.Send();
        early.Exec("SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN more; SELECT cloudsync_commit_alter('t')");
        late.Exec(rename);
        late.Exec("SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN more; SELECT cloudsync_commit_alter('t')");
        early.Exec("SELECT cloudsync_set('schema_check', 'names')");
        OneWay.Settle(outward, back);
        string expected = "a  12|b  5|known " + (rename.Contains("'x'", StringComparison.Ordinal) ? "x" : "7");
        foreach (Database database in (Database[])[early, late])
        {
            Assert.Equal(expected, database.Scalar("SELECT group_concat(id || ' ' || cost, '|') FROM (SELECT * FROM t ORDER BY id)"));
        }
    }

    [Theory]
    [InlineData("ALTER TABLE t DROP COLUMN price; ALTER TABLE t ADD COLUMN cost TEXT DEFAULT '0'")]
    [InlineData("ALTER TABLE t DROP COLUMN other; ALTER TABLE t ADD COLUMN cost TEXT DEFAULT 'o'")]
    public void Column_that_is_dropped_for_another_one_is_not_taken_for_a_renamed_one(string alter)
    {
        using Database database = Database.Open();
        database.Exec(Schema + "INSERT INTO t VALUES ('a', '0', 'o'), ('b', '1', 'p'), ('c', '2', 'q')");
        database.Exec($"SELECT cloudsync_begin_alter('t'); {alter}; SELECT cloudsync_commit_alter('t')");
        Assert.Equal("1,1,1", database.Scalar("SELECT group_concat(col_version) FROM t_cloudsync WHERE col_name = 'cost'"));
    }

    [Fact, Soak("orm-alterations", Weight = 2)]
    public void Replicas_converge_and_keep_what_was_written_last_when_tools_migrate_them()
    {
        using Effort effort = Effort.Start("orm-alterations", output, sample: 100);
        while (effort.Next("histories"))
        {
            using OrmHistory history = new(effort.Random);
            try
            {
                history.Run();
            }
            catch (Exception failure) when (failure is SqlException or Xunit.Sdk.XunitException)
            {
                history.Abandon();
                Assert.Fail(failure.Message + "\n" + string.Join('\n', history.Script));
            }

            effort.Add("statements", history.Script.Count);
            effort.Add("migrations", history.Migrations);
            effort.Add("undone", history.Undone);
        }
    }
}
