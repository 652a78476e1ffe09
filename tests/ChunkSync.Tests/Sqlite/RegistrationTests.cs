using ChunkSync.Format;
using ChunkSync.Session;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Sqlite;

public class RegistrationTests
{
    [Fact]
    public void Versions_are_told_when_the_engine_is_registered()
    {
        using Database database = Database.Open();
        Assert.Equal("1.1.4", database.Scalar("SELECT cloudsync_version()"));
        Assert.Equal(ProductInfo.Version, database.Scalar("SELECT chunksync_version()"));
        Assert.Matches(@"^(managed|liblz4 \d+\.\d+\.\d+)$", (string?)database.Scalar("SELECT chunksync_codec()"));
        Assert.Equal(new byte[16], database.Scalar("SELECT cloudsync_siteid()"));
    }

    [Fact]
    public void Db_version_is_refused_when_nothing_was_initialised()
    {
        using Database database = Database.Open();
        SqlException failure = Assert.Throws<SqlException>(() => database.Scalar("SELECT cloudsync_db_version()"));
        Assert.Equal(
            "cloudsync is not initialized: call SELECT cloudsync_init('<table_name>') to enable sync on a table"
            + " before calling cloudsync_db_version().",
            failure.Text);
    }

    [Fact]
    public void Registration_changes_nothing_when_repeated()
    {
        using Database database = Database.Open();
        ChunkSync.Hosting.ManagedHost.Register(database.Handle, NativeSqlite.Library);
        Assert.Equal("1.1.4", database.Scalar("SELECT cloudsync_version()"));
    }

    [Theory]
    [InlineData("delete")]
    [InlineData("wal")]
    public void Registration_succeeds_when_another_connection_holds_the_file(string journal)
    {
        using TempFile file = new();
        using Database holder = Database.Open(file.Path);
        holder.Query("PRAGMA journal_mode = " + journal);
        holder.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t'); BEGIN EXCLUSIVE");
        using Database late = Database.Open(file.Path);
        ChunkSync.Hosting.ManagedHost.Register(late.Handle, NativeSqlite.Library);
        holder.Exec("COMMIT");
        late.Exec("INSERT INTO t VALUES ('a', 1)");
        Assert.Equal("a", late.Scalar("SELECT group_concat(col_name) FROM cloudsync_changes"));
    }
}
