using System.Text;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Trees;

/// <summary>A database of a tree table that takes part in many short histories: what they ask again and again is prepared, and between two of them it is
/// emptied, not made anew.</summary>
internal sealed class TreeReplica : IDisposable
{
    private const int EnableTriggers = 1003;

    private static readonly string[] Emptied = ["items", "items_treeops", "items_cloudsync", "items_treeops_cloudsync", "items_tree_node", "items_tree_log",
        "items_tree_pending", "items_tree_dirty"];

    private readonly BoundStatement circle;
    private readonly BoundStatement verify;
    private readonly BoundStatement apply;
    private readonly BoundStatement chunks;
    private readonly BoundStatement relay;
    private readonly BoundStatement version;

    public TreeReplica(TreeShape shape)
    {
        Database = shape.Open();
        circle = new BoundStatement(Database, TreeModel.Circle);
        verify = new BoundStatement(Database, "SELECT cloudsync_tree_verify('items')");
        apply = new BoundStatement(Database, "SELECT cloudsync_payload_apply(?1)");
        const string Chunks = "SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = ?1 AND max_chunk_size = ?2";
        chunks = new BoundStatement(Database, Chunks);
        relay = new BoundStatement(Database, Chunks + " AND site_id = zeroblob(16) AND exclude_filter_site_id = 1");
        version = new BoundStatement(Database, "SELECT cloudsync_db_version()");
    }

    public Database Database { get; }

    /// <summary>The rows have no cycle, and tree, log and rows fit each other.</summary>
    public void Check(string when)
    {
        circle.Step();
        long cycles = circle.Int64(0);
        circle.Reset();
        Assert.True(cycles == 0, "a cycle after: " + when);
        verify.Step();
        string verified = Encoding.UTF8.GetString(verify.Text(0));
        verify.Reset();
        Assert.True(verified == "ok", $"{verified} after: {when}");
    }

    /// <summary>The db_version.</summary>
    public long Version()
    {
        version.Step();
        long now = version.Int64(0);
        version.Reset();
        return now;
    }

    /// <summary>What is newer than a db_version.</summary>
    /// <param name="since">The db_version.</param>
    /// <param name="size">Bytes of a chunk.</param>
    /// <param name="relays">Whether that of others, too.</param>
    /// <param name="target">Gets the payloads.</param>
    public void Read(long since, long size, bool relays, List<byte[]> target)
    {
        BoundStatement rows = (relays ? relay : chunks).Bind(1, since).Bind(2, size);
        while (rows.Step())
        {
            target.Add(rows.Blob(0).ToArray());
        }

        rows.Reset();
    }

    /// <summary>Applies a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="mayFail">Whether a constraint may refuse it.</param>
    public void Apply(byte[] payload, bool mayFail)
    {
        try
        {
            apply.BindBlob(1, payload).Step();
        }
        catch (SqlException failure) when (mayFail && (failure.Code & 0xFF) == 19)
        {
            // A foreign key of a row whose parent has not come: the payload comes again.
        }

        apply.Reset();
    }

    /// <summary>Takes out all rows, by hand.</summary>
    public void Empty()
    {
        Assert.Equal(0, NativeSqlite.DbConfig(Database.Handle, EnableTriggers, 0, 0));
        Database.Exec("BEGIN; PRAGMA defer_foreign_keys = ON; " + string.Concat(Emptied.Select(table => $"DELETE FROM {table};")) + "COMMIT");
        Assert.Equal(0, NativeSqlite.DbConfig(Database.Handle, EnableTriggers, 1, 0));
    }

    public void Dispose()
    {
        foreach (BoundStatement statement in (BoundStatement[])[circle, verify, apply, chunks, relay, version])
        {
            statement.Dispose();
        }

        Database.Dispose();
    }
}
