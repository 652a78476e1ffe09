using ChunkSync.Tests.Host;
using ChunkSync.Tests.Receive;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Clock;

/// <summary><c>cloudsync_new_site</c>: another identity for a copy.</summary>
public class NewSiteTests(ITestOutputHelper output)
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('1', 1); INSERT INTO t VALUES ('2', 2);";

    [Fact, Soak("copies", Weight = 2)]
    public void Nothing_is_lost_when_copies_and_restored_backups_have_sites_of_their_own()
    {
        using Effort effort = Effort.Start("copies", output, sample: 15);
        while (effort.Next("histories"))
        {
            using CopyHistory history = new(effort.Random, clean: false, renews: true);
            history.Run();
            effort.Add("copies", history.Copies);
            Assert.True(history.Lost.Count == 0, $"lost:\n  {string.Join("\n  ", history.Lost)}\nhistory:\n  {string.Join("\n  ", history.Log)}");
        }
    }

    [Fact]
    public void Something_is_lost_when_copies_go_on_under_one_site()
    {
        // What the test above is worth: without the call the same histories lose changes.
        int lost = 0;
        for (int seed = 0; seed < 6; seed++)
        {
            using CopyHistory history = new(new Random(seed), clean: false, renews: false);
            history.Run();
            lost += history.Lost.Count > 0 ? 1 : 0;
        }

        Assert.True(lost > 0);
    }

    [Fact]
    public void Everything_is_own_under_the_new_id_when_there_is_no_argument()
    {
        using Database database = Database.Open();
        database.Exec(Schema + "SELECT cloudsync_set('send_dbversion', 2), cloudsync_set('send_seq', 1), cloudsync_set('check_dbversion', 7);");
        byte[] old = ReceivePair.SiteOf(database);
        string renewed = (string)database.Scalar("SELECT cloudsync_new_site()")!;
        Assert.Equal(renewed, Convert.ToHexStringLower(ReceivePair.SiteOf(database)));
        Assert.NotEqual(old, ReceivePair.SiteOf(database));
        Assert.Equal(2L, database.Scalar("SELECT count(*) FROM cloudsync_changes WHERE site_id = cloudsync_siteid()"));
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM cloudsync_changes WHERE site_id = ?", old));
        Assert.Equal(
            ["check_dbversion=7", "send_dbversion=0", "send_seq=0"],
            database.Query("SELECT key || '=' || value FROM cloudsync_settings WHERE key LIKE '%\\_dbversion' ESCAPE '\\' AND key NOT LIKE 'pre%' OR key = 'send_seq' ORDER BY 1")
                .Select(row => row[0]));
        Assert.Equal(2L, database.Scalar("SELECT cloudsync_db_version()"));
        database.Exec("INSERT INTO t VALUES ('3', 3)");
        Assert.Equal(3L, database.Scalar("SELECT max(db_version) FROM cloudsync_changes WHERE site_id = cloudsync_siteid()"));
    }

    [Fact]
    public void What_was_sent_stays_the_old_sites_when_a_version_is_given()
    {
        using Database database = Database.Open();
        database.Exec(Schema + "DELETE FROM t WHERE id = '1'; INSERT INTO t VALUES ('3', 3);");
        byte[] old = ReceivePair.SiteOf(database);
        database.Scalar("SELECT cloudsync_new_site(2)");
        Assert.Equal("2", database.Scalar("SELECT value FROM cloudsync_settings WHERE key = 'send_dbversion'"));
        Assert.Equal([3L, 4L], database.Query("SELECT db_version FROM cloudsync_changes WHERE site_id = cloudsync_siteid() ORDER BY 1").Select(row => row[0]));
        Assert.Equal([2L], database.Query("SELECT db_version FROM cloudsync_changes WHERE site_id = ?", old).Select(row => row[0]));
    }

    [Fact]
    public void Steps_do_not_grow_with_rows_when_there_is_no_argument()
    {
        long few = Steps(10);
        Assert.InRange(Steps(3000), 1, few + 20);
    }

    [Fact]
    public void Other_connection_and_a_reader_see_the_new_id_when_it_is_committed()
    {
        using TempFile file = new();
        using Database one = Database.Open(file.Path);
        one.Exec("PRAGMA journal_mode = WAL;" + Schema);
        using Database other = Database.Open(file.Path);
        Assert.Equal(ReceivePair.SiteOf(one), ReceivePair.SiteOf(other));
        string renewed = (string)one.Scalar("SELECT cloudsync_new_site()")!;
        Assert.Equal(renewed, Convert.ToHexStringLower(ReceivePair.SiteOf(other)));
        other.Exec("INSERT INTO t VALUES ('4', 4)");
        Assert.Equal(3L, other.Scalar("SELECT count(*) FROM cloudsync_changes WHERE site_id = cloudsync_siteid()"));
    }

    [Theory]
    [InlineData("ROLLBACK")]
    [InlineData("ROLLBACK TO s; RELEASE s; COMMIT")]
    public void Old_id_is_back_when_the_call_is_undone(string end)
    {
        using Database database = Database.Open();
        database.Exec(Schema);
        byte[] old = ReceivePair.SiteOf(database);
        database.Exec("BEGIN; SAVEPOINT s; SELECT cloudsync_new_site(1)");
        Assert.NotEqual(old, ReceivePair.SiteOf(database));
        database.Exec(end);
        Assert.Equal(old, ReceivePair.SiteOf(database));
        Assert.Equal(2L, database.Scalar("SELECT count(*) FROM cloudsync_changes WHERE site_id = cloudsync_siteid()"));
    }

    [Theory]
    [InlineData("", "SELECT cloudsync_new_site(-1)", "cloudsync_new_site: since_db_version must be an integer from 0 to 2, not -1")]
    [InlineData("", "SELECT cloudsync_new_site(3)", "cloudsync_new_site: since_db_version must be an integer from 0 to 2, not 3")]
    [InlineData("", "SELECT cloudsync_new_site(NULL)", "cloudsync_new_site: since_db_version must be an integer from 0 to 2, not NULL")]
    [InlineData("", "SELECT cloudsync_new_site('1')", "cloudsync_new_site: since_db_version must be an integer from 0 to 2, not '1'")]
    [InlineData("", "SELECT cloudsync_new_site(1.5)", "cloudsync_new_site: since_db_version must be an integer from 0 to 2, not 1.5")]
    [InlineData("BEGIN; UPDATE t SET a = 7", "SELECT cloudsync_new_site()", "cloudsync_new_site: the open transaction has written changes: commit or roll back first")]
    [InlineData("BEGIN; INSERT INTO cloudsync_changes VALUES ('t', cloudsync_pk_encode('r'), 'a', 5, 1, 1, x'07', 1, 0)", "SELECT cloudsync_new_site(0)",
        "cloudsync_new_site: the open transaction has written changes: commit or roll back first")]
    [InlineData("CREATE TABLE o(x); CREATE TABLE p(x)", "INSERT INTO o SELECT cloudsync_new_site()",
        "this cannot run inside a statement that writes to the database: call it in a SELECT of its own")]
    public void Nothing_changes_when_the_call_is_refused(string before, string call, string text)
    {
        using Database database = Database.Open();
        database.Exec(Schema);
        byte[] old = ReceivePair.SiteOf(database);
        database.Exec(before);
        Assert.Equal(text, Assert.Throws<SqlException>(() => database.Query(call)).Text);
        Assert.Equal(old, ReceivePair.SiteOf(database));
    }

    [Fact]
    public void Call_works_in_a_transaction_that_wrote_other_tables_and_is_refused_before_the_first_init()
    {
        using Database database = Database.Open();
        Assert.Equal(
            "cloudsync is not initialized: call SELECT cloudsync_init('<table_name>') to enable sync on a table before calling cloudsync_new_site().",
            Assert.Throws<SqlException>(() => database.Query("SELECT cloudsync_new_site()")).Text);
        database.Exec(Schema + "CREATE TABLE other(x); BEGIN; INSERT INTO other VALUES (1); SELECT cloudsync_new_site(); COMMIT; SELECT cloudsync_new_site(2)");
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM cloudsync_changes WHERE site_id = cloudsync_siteid()"));
    }

    [Fact]
    public void Read_only_database_is_as_it_was_when_a_new_site_is_asked_for()
    {
        using TempFile file = new();
        using (Database database = Database.Open(file.Path))
        {
            database.Exec(Schema);
        }

        byte[] bytes = File.ReadAllBytes(file.Path);
        using Database reader = Database.Open(file.Path, readOnly: true);
        Assert.Equal("attempt to write a readonly database", Assert.Throws<SqlException>(() => reader.Query("SELECT cloudsync_new_site()")).Text);
        Assert.Equal(bytes, File.ReadAllBytes(file.Path));
    }

    private static long Steps(int rows)
    {
        using Database database = Database.Open();
        database.Exec($"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t');"
            + $" WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) INSERT INTO t SELECT 'k' || i, i FROM n");
        using IDisposable paused = database.PauseChecks();
        return StatementMeter.StepsOf(database, "SELECT cloudsync_new_site()");
    }
}
