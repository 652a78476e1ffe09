using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

/// <summary>Several connections that apply to one file at the same time.</summary>
public class ConcurrentApplyTests
{
    private const int Rows = 500;
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t');";

    [Theory]
    [InlineData("DELETE")]
    [InlineData("WAL")]
    public async Task Appliers_wait_for_each_other_when_they_share_a_file(string journal)
    {
        using TempFile file = new();
        using (Database target = Database.Open(file.Path))
        {
            target.Exec($"PRAGMA journal_mode = {journal}; {Schema}");
        }

        Task[] appliers = [.. Enumerable.Range(0, 3).Select(number => Task.Run(() => Apply(file.Path, number)))];
        await Task.WhenAll(appliers);
        using Database result = Database.Open(file.Path);
        Assert.Equal(3L * Rows, result.Scalar("SELECT count(*) FROM t"));
        Assert.Equal(3L * Rows, result.Scalar("SELECT count(DISTINCT db_version) FROM cloudsync_changes"));
    }

    [Theory]
    [InlineData("DELETE")]
    [InlineData("WAL")]
    public async Task Versions_are_not_shared_when_another_connection_commits_while_an_apply_waits(string journal)
    {
        using TempFile file = new();
        using Database writer = Database.Open(file.Path);
        writer.Exec($"PRAGMA journal_mode = {journal}; PRAGMA busy_timeout = 60000; {Schema}");
        using Database source = Database.Open();
        source.Exec(Schema + "INSERT INTO t VALUES ('received', 1)");
        object? payload = source.Scalar("SELECT payload FROM cloudsync_payload_chunks");
        using Database applier = Database.Open(file.Path);
        applier.Exec("PRAGMA busy_timeout = 60000; SELECT cloudsync_db_version()");
        writer.Exec("BEGIN IMMEDIATE; INSERT INTO t VALUES ('written', 2)");
        Task apply = Task.Run(() => applier.Scalar("SELECT cloudsync_payload_apply(?)", payload));

        // Long enough for the other thread to get to the lock; were it not, the two would come one after the other, which is right too.
        await Task.Delay(300);
        writer.Exec("COMMIT");
        await apply;
        Assert.Equal("received:2,written:1", writer.Scalar(
            "SELECT group_concat(v) FROM (SELECT DISTINCT substr(CAST(pk AS TEXT), 4) || ':' || db_version AS v FROM t_cloudsync ORDER BY 1)"));
    }

    [Fact]
    public void Apply_does_not_wait_when_only_an_attached_database_is_locked()
    {
        using TempFile file = new();
        using TempFile other = new();
        using Database source = Database.Open();
        source.Exec(Schema + "INSERT INTO t VALUES ('received', 1)");
        using Database writer = Database.Open(other.Path);
        writer.Exec("CREATE TABLE x(a)");
        using Database target = Database.Open(file.Path);
        target.Exec(Schema);
        target.Run("ATTACH ? AS other", other.Path);
        writer.Exec("BEGIN EXCLUSIVE; INSERT INTO x VALUES (1)");
        target.Scalar("SELECT cloudsync_payload_apply(?)", source.Scalar("SELECT payload FROM cloudsync_payload_chunks"));
        Assert.Equal(1L, target.Scalar("SELECT count(*) FROM t"));
        writer.Exec("COMMIT");
    }

    [Fact]
    public void Extension_loads_when_another_connection_holds_the_file()
    {
        using TempFile file = new();
        using Database writer = Database.Open(file.Path);
        writer.Exec(Schema + "BEGIN EXCLUSIVE; INSERT INTO t VALUES ('written', 2)");
        using Database second = Database.Open(file.Path);
        writer.Exec("COMMIT");
        Assert.Equal(1L, second.Scalar("SELECT cloudsync_db_version()"));
    }

    private static void Apply(string path, int number)
    {
        using Database source = Database.Open();
        source.Exec(Schema);
        using Database target = Database.Open(path);
        target.Exec("PRAGMA busy_timeout = 60000; PRAGMA synchronous = OFF");
        for (int i = 0; i < Rows; i++)
        {
            source.Run("INSERT INTO t VALUES (?, ?)", $"{number}-{i}", (long)i);
            target.Scalar("SELECT cloudsync_payload_apply(?)", source.Scalar("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = ?", (long)i));
        }
    }
}
