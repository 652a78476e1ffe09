using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Backfill;

/// <summary>A file that is being filled goes to sqlite-sync and comes back.</summary>
public class FillPeerTests
{
    private const string Clocks = "SELECT 't', hex(pk), col_name, col_version FROM t_cloudsync"
        + " UNION ALL SELECT 'w', hex(pk), col_name, col_version FROM w_cloudsync ORDER BY 1, 2, 3";

    private const string Schema = """
        CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b);
        CREATE TABLE w(y INTEGER NOT NULL, x TEXT NOT NULL, v, PRIMARY KEY(x, y)) WITHOUT ROWID;
        WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 300) INSERT INTO t SELECT printf('k%03d', i), i, 'b' FROM c;
        WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 300) INSERT INTO w SELECT i, 'x' || (i % 7), i FROM c;
        """;

    [PeerFact]
    public void Clocks_are_those_of_init_when_the_other_implementation_finishes_the_fill()
    {
        using TempFile file = new();
        using (Database here = Database.Open(file.Path))
        {
            here.Exec(Schema + "SELECT cloudsync_backfill_begin('t'); SELECT cloudsync_backfill_begin('w');"
                + "SELECT cloudsync_backfill_step('t', 100); SELECT cloudsync_backfill_step('w', 50); UPDATE t SET a = 0 WHERE id = 'k250'; DELETE FROM t WHERE id = 'k260'");
        }

        using (Database peer = Database.OpenPeer(PeerFactAttribute.Library, file.Path))
        {
            peer.Exec("SELECT cloudsync_init('t'); SELECT cloudsync_init('w'); UPDATE t SET b = 'c' WHERE id IN ('k010', 'k290'); DELETE FROM t WHERE id = 'k291'");
            Assert.Equal(2L, peer.Scalar("SELECT count(*) FROM cloudsync_backfill_state WHERE state = 'filling'"));
        }

        using Database back = Database.Open(file.Path);
        Assert.True((long)back.Scalar("SELECT cloudsync_backfill_run('t', 70)")! > 0);
        Assert.Equal(250L, back.Scalar("SELECT cloudsync_backfill_run('w', 70)"));
        Assert.Equal("done done", back.Scalar("SELECT group_concat(state, ' ') FROM cloudsync_backfill_progress"));

        using Database other = Database.Open();
        other.Exec(Schema + "SELECT cloudsync_init('t'); SELECT cloudsync_init('w'); UPDATE t SET a = 0 WHERE id = 'k250'; DELETE FROM t WHERE id = 'k260';"
            + "UPDATE t SET b = 'c' WHERE id IN ('k010', 'k290'); DELETE FROM t WHERE id = 'k291'");
        Assert.Equal(other.Query(Clocks), back.Query(Clocks));
    }

    [PeerFact]
    public void Fill_is_forgotten_when_the_other_implementation_cleans_the_table_up()
    {
        using TempFile file = new();
        using (Database here = Database.Open(file.Path))
        {
            here.Exec(Schema + "SELECT cloudsync_init('w'); SELECT cloudsync_backfill_begin('t'); SELECT cloudsync_backfill_step('t', 100)");
        }

        using (Database peer = Database.OpenPeer(PeerFactAttribute.Library, file.Path))
        {
            peer.Exec("SELECT cloudsync_cleanup('t'); SELECT cloudsync_init('t')");
        }

        using Database back = Database.Open(file.Path);
        Assert.Equal(0L, back.Scalar("SELECT count(*) FROM cloudsync_backfill_progress"));
        Assert.Throws<SqlException>(() => back.Exec("SELECT cloudsync_backfill_step('t')"));
        back.Exec("UPDATE t SET a = -1 WHERE id = 'k200'");
        Assert.Equal(2L, back.Scalar("SELECT col_version FROM t_cloudsync WHERE pk = cloudsync_pk_encode('k200') AND col_name = 'a'"));
        back.Exec("SELECT cloudsync_backfill_begin('t'); SELECT cloudsync_backfill_run('t')");
    }
}
