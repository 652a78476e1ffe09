using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

/// <summary>A db_version that a merge takes for a change that is refused is not counted: the next connection would give it out, and a
/// receiver that took <c>cloudsync_db_version()</c> for its cursor would not see what is written with it.</summary>
public class UnusedVersionTests
{
    [Theory]
    [InlineData("INSERT INTO cloudsync_changes VALUES ('t', cloudsync_pk_encode('z'), 'a', 666, 1, 1, randomblob(16), 1, 0)")]
    [InlineData("INSERT INTO cloudsync_changes VALUES ('t', cloudsync_pk_encode('x'), 'a', 0, 1, 50, randomblob(16), 1, 0)")]
    [InlineData("INSERT INTO cloudsync_changes VALUES ('t', cloudsync_pk_encode('kept'), '__[RIP]__', NULL, 2, 50, randomblob(16), 2, 0)")]
    public void Version_stays_when_a_change_is_refused(string sql)
    {
        using TempFile file = new();
        using Database database = Database.Open(file.Path);
        database.Exec("""
            CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a CHECK (a IS NOT 666), b); SELECT cloudsync_init('t');
            INSERT INTO t VALUES ('x', 5, 5), ('kept', 1, 1);
            CREATE TRIGGER keep BEFORE DELETE ON t WHEN old.id = 'kept' BEGIN SELECT RAISE(IGNORE); END;
            """);
        Record.Exception(() => database.Exec("BEGIN;" + sql));
        database.Exec("COMMIT");

        Assert.Equal(1L, database.Scalar("SELECT cloudsync_db_version()"));
        using Database other = Database.Open(file.Path);
        other.Exec("INSERT INTO t VALUES ('new', 1, 1)");
        Assert.Equal(2L, other.Scalar("SELECT cloudsync_db_version()"));
        database.Exec("UPDATE t SET a = 6 WHERE id = 'x'");
        Assert.Equal(3L, database.Scalar("SELECT cloudsync_db_version()"));
        Assert.Equal(3L, database.Scalar("SELECT max(db_version) FROM t_cloudsync"));
    }
}
