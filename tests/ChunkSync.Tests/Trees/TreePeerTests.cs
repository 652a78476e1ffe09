using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Trees;

/// <summary>Trees beside the other implementation: as the only way between two replicas, and as a writer of a file of ours.</summary>
public sealed class TreePeerTests(ITestOutputHelper output)
{
    private const string Items = "CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, parent_id TEXT, pos TEXT, title TEXT DEFAULT '')";

    private const string Log = "CREATE TABLE items_treeops(lamport INTEGER NOT NULL, site BLOB NOT NULL, node NOT NULL, parent NOT NULL, pos NOT NULL,"
        + " PRIMARY KEY(lamport, site, node, parent, pos)) WITHOUT ROWID";

    [PeerFact]
    public void Trees_are_equal_when_the_other_implementation_is_the_only_hub()
    {
        Random random = new(Seed.Next(output));
        for (int history = 0; history < 40; history++)
        {
            using Database left = Tree(":memory:");
            using Database right = Tree(":memory:");
            using Database hub = Database.OpenPeer(PeerFactAttribute.Library);
            hub.Exec(Items);
            hub.Scalar("SELECT cloudsync_init('items')");
            hub.Exec(Log);
            hub.Scalar("SELECT cloudsync_init('items_treeops')");
            for (int step = 0; step < 40; step++)
            {
                Write(random.Next(2) == 0 ? left : right, random);
                if (random.Next(3) == 0)
                {
                    Send(random.Next(2) == 0 ? left : right, hub);
                    Send(hub, random.Next(2) == 0 ? left : right);
                }
            }

            for (int round = 0; round < 2; round++)
            {
                Send(left, hub);
                Send(right, hub);
                Send(hub, left);
                Send(hub, right);
            }

            Assert.Equal(Rows(left), Rows(right));
            Assert.Equal("ok", left.Scalar("SELECT cloudsync_tree_verify('items')"));
            Assert.Equal("ok", right.Scalar("SELECT cloudsync_tree_verify('items')"));
        }
    }

    [PeerFact]
    public void Tree_is_put_right_when_the_other_implementation_made_a_cycle_in_its_file()
    {
        using TempFile file = new();
        using (Database ours = Tree(file.Path))
        {
            ours.Exec("INSERT INTO items(id, parent_id, pos) VALUES ('a', NULL, 'n0'), ('b', 'a', 'n0'), ('c', 'b', 'n0')");
        }

        using (Database peer = Database.OpenPeer(PeerFactAttribute.Library, file.Path))
        {
            peer.Exec("UPDATE items SET parent_id = 'c' WHERE id = 'a'; UPDATE items SET pos = 'n5' WHERE id = 'b'; INSERT INTO items(id, parent_id) VALUES ('d', 'c')");
        }

        using Database back = Database.Open(file.Path);
        back.Deviates(Consistency.Deviation.Damaged, "the other implementation writes clocks of the columns that say where rows are; they mean nothing");
        Assert.Equal(3L, back.Scalar("SELECT pending FROM cloudsync_tree_status"));
        back.Scalar("SELECT cloudsync_tree_ensure()");
        Assert.Equal("a<@n0 b<a@n5 c<b@n0 d<c@", Rows(back));
        Assert.Equal("ok", back.Scalar("SELECT cloudsync_tree_verify('items')"));
        using Database other = Tree(":memory:");
        Send(back, other);
        Assert.Equal(Rows(back), Rows(other));
    }

    private static Database Tree(string path)
    {
        Database database = Database.Open(path);
        database.Exec(Items);
        database.Scalar("SELECT cloudsync_init('items')");
        database.Scalar("SELECT cloudsync_tree_init('items', 'parent_id', 'pos')");
        return database;
    }

    private static void Write(Database database, Random random)
    {
        string Key() => $"'k{random.Next(7)}'";
        string parent = random.Next(4) == 0 ? "NULL" : Key();
        try
        {
            database.Exec(random.Next(5) switch
            {
                < 2 => $"INSERT OR IGNORE INTO items VALUES ({Key()}, {parent}, 'n{random.Next(9)}', {random.Next(9)})",
                < 4 => $"UPDATE items SET parent_id = {parent}, pos = 'n{random.Next(9)}' WHERE id = {Key()}",
                _ => $"DELETE FROM items WHERE id = {Key()}",
            });
        }
        catch (SqlException failure) when ((failure.Code & 0xFF) == 19)
        {
            // A move below itself.
        }
    }

    private static void Send(Database from, Database to)
    {
        foreach (object?[] row in from.Query(
            "SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND site_id = zeroblob(16) AND exclude_filter_site_id = 1"))
        {
            to.Scalar("SELECT cloudsync_payload_apply(?)", row[0]);
        }
    }

    private static string Rows(Database database) => (string?)database.Scalar(
        "SELECT group_concat(id || '<' || ifnull(parent_id, '') || '@' || ifnull(pos, ''), ' ') FROM (SELECT * FROM items ORDER BY id)") ?? "";
}
