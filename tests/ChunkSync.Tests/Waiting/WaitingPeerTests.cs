using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Waiting;

/// <summary>The other implementation opens a file in which changes wait, writes it and merges into it; this one goes on.</summary>
public sealed class WaitingPeerTests
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a TEXT, b TEXT);";
    private const string Tracked = Schema + "SELECT cloudsync_init('t');";

    [PeerFact]
    public void Waiting_changes_outlive_the_other_implementation_and_land_when_it_took_the_cause_away()
    {
        using TempFile file = new();
        using Database sender = RefusingReplica.Open(Tracked);
        sender.Exec("INSERT INTO t VALUES ('1', 'x', '1'), ('2', 'y', '2'), ('3', 'z', '3')");
        using (Database ours = Database.Open(file.Path))
        {
            ours.Exec(Tracked + "CREATE UNIQUE INDEX u ON t(a); SELECT cloudsync_set('apply_refused', 'wait'); INSERT INTO t VALUES ('mine', 'x', 0), ('own', 'z', 0)");
            RefusingReplica.Apply(ours, RefusingReplica.Payload(sender));
            Assert.Equal(["t|'1'|a,b|constraint", "t|'3'|a,b|constraint"], RefusingReplica.Waiting(ours));
        }

        // It writes: a row of its own, one that waits here, and the one that is in the way. It merges a sender's later changes.
        using Database other = RefusingReplica.Open(Tracked);
        other.Exec("INSERT INTO t VALUES ('other', 'o', 'o'), ('2', 'y', 'later'); UPDATE t SET b = 'latest' WHERE id = '2'");
        using (Database peer = Database.OpenPeer(PeerFactAttribute.Library, file.Path))
        {
            peer.Exec("INSERT INTO t VALUES ('peer', 'p', 'p'); UPDATE t SET a = 'free' WHERE id = 'mine'");
            peer.Scalar("SELECT cloudsync_payload_decode(?)", RefusingReplica.Payload(other));
            Assert.Equal("latest", peer.Scalar("SELECT b FROM t WHERE id = '2'"));
            Assert.Equal(2L, peer.Scalar("SELECT count(*) FROM cloudsync_waiting_rows"));
        }

        using Database again = Database.Open(file.Path);
        Assert.Equal(["t|'1'|a,b|constraint", "t|'3'|a,b|constraint"], RefusingReplica.Waiting(again));
        sender.Exec("UPDATE t SET b = 'news' WHERE id = '2'");
        RefusingReplica.Apply(again, RefusingReplica.Payload(sender, 1));
        Assert.Equal(["t|'3'|a,b|constraint"], RefusingReplica.Waiting(again));
        again.Exec("DELETE FROM t WHERE id = 'own'");
        Assert.Equal(1L, again.Scalar("SELECT cloudsync_waiting_retry()"));
        Assert.Equal(["1|x|1", "2|y|news", "3|z|3", "mine|free|0", "other|o|o", "peer|p|p"], RefusingReplica.Read(again, "SELECT * FROM t ORDER BY id"));

        // What the two wrote into the file reaches the others, and all are equal.
        RefusingReplica.Apply(sender, RefusingReplica.All(again));
        Assert.Equal(RefusingReplica.Read(again, "SELECT * FROM t ORDER BY id"), RefusingReplica.Read(sender, "SELECT * FROM t ORDER BY id"));
    }

    [PeerFact]
    public void Row_that_waits_is_not_written_back_when_the_other_implementation_wrote_or_deleted_it_later()
    {
        using TempFile file = new();
        using Database sender = RefusingReplica.Open(Tracked);
        sender.Exec("INSERT INTO t VALUES ('1', 'x', '1'), ('2', 'y', '2')");
        using (Database ours = Database.Open(file.Path))
        {
            ours.Exec(Tracked + "CREATE UNIQUE INDEX u ON t(a); SELECT cloudsync_set('apply_refused', 'wait'); INSERT INTO t VALUES ('mine', 'x', 0), ('own', 'y', 0)");
            RefusingReplica.Apply(ours, RefusingReplica.Payload(sender));
            Assert.Equal(2, RefusingReplica.Waiting(ours).Length);
        }

        // The sender deletes a row that waits in the file, and the other implementation hears of it there.
        sender.Exec("DELETE FROM t WHERE id = '1'; UPDATE t SET a = 'moved', b = 'm' WHERE id = '2'");
        using (Database peer = Database.OpenPeer(PeerFactAttribute.Library, file.Path))
        {
            peer.Scalar("SELECT cloudsync_payload_decode(?)", RefusingReplica.Payload(sender));
            Assert.Equal("moved", peer.Scalar("SELECT a FROM t WHERE id = '2'"));
        }

        using Database again = Database.Open(file.Path);
        again.Exec("DELETE FROM t WHERE id IN ('mine', 'own')");
        again.Scalar("SELECT cloudsync_waiting_retry()");
        Assert.Empty(RefusingReplica.Waiting(again));
        Assert.Equal(["2|moved|m"], RefusingReplica.Read(again, "SELECT * FROM t ORDER BY id"));
    }
}
