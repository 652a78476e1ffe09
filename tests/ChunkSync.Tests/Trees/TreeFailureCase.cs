using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Trees;

/// <summary>A replica of a tree table, and a payload that brings it operations of every kind, before and behind its own.</summary>
internal sealed class TreeFailureCase
{
    private readonly byte[] file;

    public TreeFailureCase(TreeFailureShape shape)
    {
        HasPosition = shape != TreeFailureShape.WithoutPosition;
        string parent = "parent TEXT" + (shape == TreeFailureShape.ForeignKey ? " REFERENCES items(id)" : "");
        Schema = $"CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, {parent}, {(HasPosition ? "pos, " : "")}title"
            + (shape == TreeFailureShape.Unique ? ", UNIQUE(parent, title))" : ")");
        file = MakeReceiver(shape);
        Payload = MakePayload(shape);
    }

    public string Schema { get; }

    public bool HasPosition { get; }

    public byte[] Payload { get; }

    /// <summary>A new copy of the receiver's file.</summary>
    public TempFile Copy()
    {
        TempFile copy = new();
        File.WriteAllBytes(copy.Path, file);
        return copy;
    }

    private byte[] MakeReceiver(TreeFailureShape shape)
    {
        using TempFile made = new();
        using (Database database = Database.Open(made.Path))
        {
            database.Exec("PRAGMA page_size = 1024");
            database.Exec(Schema);
            database.Scalar("SELECT cloudsync_init('items')");
            database.Scalar("SELECT cloudsync_tree_init('items', 'parent', ?)", HasPosition ? "pos" : null);
            database.Exec("INSERT INTO items(id, parent, title) VALUES ('a', NULL, 't1'), ('b', 'a', 't2'), ('c', 'b', 't3'), ('d', NULL, 't1'), ('e', 'd', 't2'), ('f', 'e', 't5')");
            for (int i = 0; i < 8; i++)
            {
                database.Exec(i % 2 == 0 ? "UPDATE items SET parent = 'd' WHERE id = 'c'" : "UPDATE items SET parent = 'a' WHERE id = 'c'");
            }

            if (shape == TreeFailureShape.ForeignKey)
            {
                // A row that shows NULL until its parent comes, which the payload brings.
                database.Scalar("SELECT cloudsync_payload_apply(?)", Encode(sender => Operation(sender, 9, "f", "new")));
            }
        }

        return made.Read();
    }

    private byte[] MakePayload(TreeFailureShape shape) => Encode(sender =>
    {
        sender.Exec("INSERT INTO items(id, title) VALUES ('new', 'n1'), ('leaf', 'n2')");
        Operation(sender, 3, "new", "b");
        Operation(sender, 4, "a", "e");
        Operation(sender, 5, "d", "c");
        Operation(sender, 7, "e", "e");
        Operation(sender, 8, "b", "d", "n9");
        Operation(sender, 8, "b", "d", "n7");
        Operation(sender, 20, "leaf", "a");
        Operation(sender, 21, "e", "new");
        Operation(sender, 22, "c", "leaf", new string('p', 40));
        Operation(sender, 1L << 62, "c", "a");
        Operation(sender, 1L << 33, "c", "b");
        if (shape == TreeFailureShape.Unique)
        {
            // Two rows of one name change their folders.
            Operation(sender, 30, "b", "d");
            Operation(sender, 31, "e", "a");
        }

        // One that came before goes.
        sender.Exec("INSERT INTO items_treeops VALUES (6, zeroblob(16), 'f', 'a', x'')");
        sender.Exec("DELETE FROM items_treeops WHERE lamport = 6");
    });

    private byte[] Encode(Action<Database> write)
    {
        using Database sender = Database.Open();
        sender.Exec(Schema + "; CREATE TABLE items_treeops(lamport INTEGER NOT NULL, site BLOB NOT NULL, node NOT NULL, parent NOT NULL, pos NOT NULL,"
            + " PRIMARY KEY(lamport, site, node, parent, pos)) WITHOUT ROWID; SELECT cloudsync_init('items'); SELECT cloudsync_init('items_treeops')");
        write(sender);
        return (byte[])sender.Scalar("SELECT cloudsync_payload_encode(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq)"
            + " FROM (SELECT * FROM cloudsync_changes WHERE col_name NOT IN ('parent', 'pos') ORDER BY db_version, seq)")!;
    }

    private static void Operation(Database sender, long lamport, string node, string parent, string position = "") => sender.Run(
        "INSERT INTO items_treeops VALUES (?, x'ffeeddccbbaa99887766554433221100', ?, ?, ?)", lamport, node, parent, position.Length == 0 ? Array.Empty<byte>() : position);
}
