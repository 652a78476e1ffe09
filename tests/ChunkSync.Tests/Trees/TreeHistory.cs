using ChunkSync.Tests.Frontier;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Trees;

/// <summary>One random history of a tree table on several replicas.</summary>
internal sealed class TreeHistory : IDisposable
{
    private readonly Random random;
    private readonly List<Database> replicas = [];
    private readonly List<byte[]> sent = [];
    private readonly int keys;
    private readonly bool hasPosition;
    private readonly bool hasTitle;
    private readonly bool waits;
    private readonly string keyType;

    public TreeHistory(Random random)
    {
        this.random = random;
        keys = random.Next(3, 9);
        hasPosition = random.Next(6) != 0;
        hasTitle = random.Next(6) != 0;
        keyType = random.Next(4) == 0 ? "INTEGER" : random.Next(4) == 0 ? "BLOB" : "TEXT";
        string foreignKey = random.Next(4) == 0 ? " REFERENCES items(id)" + (random.Next(2) == 0 ? " ON DELETE SET NULL" : "") : "";
        string columns = $"id {keyType} PRIMARY KEY NOT NULL, parent {keyType}{foreignKey}" + (hasPosition ? ", pos" : "") + (hasTitle ? ", title" : "");
        bool withoutRowid = random.Next(3) == 0;
        waits = random.Next(3) == 0;
        for (int i = random.Next(2, 5); i > 0; i--)
        {
            Database database = Database.Open();
            database.Exec($"PRAGMA foreign_keys = {(foreignKey.Length > 0 ? "ON" : "OFF")}; CREATE TABLE items({columns}){(withoutRowid ? " WITHOUT ROWID" : "")}");
            database.Scalar("SELECT cloudsync_init('items', 'cls', 1)");
            database.Scalar("SELECT cloudsync_tree_init('items', 'parent', ?)", hasPosition ? "pos" : null);
            if (waits)
            {
                database.Scalar("SELECT cloudsync_set('apply_refused', 'wait')");
            }

            replicas.Add(database);
        }
    }

    /// <summary>Statements that were run.</summary>
    public int Statements { get; private set; }

    /// <summary>Statements that were refused.</summary>
    public int Refused { get; private set; }

    /// <summary>Operations at the end.</summary>
    public long Operations { get; private set; }

    public void Run()
    {
        for (int step = random.Next(10, 60); step > 0; step--)
        {
            Database database = replicas[random.Next(replicas.Count)];
            if (random.Next(4) == 0)
            {
                Exchange(database);
            }
            else
            {
                Write(database);
            }

            NoCycle(database);
            Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('items')"));
        }

        Settle();
    }

    public void Dispose() => replicas.ForEach(database => database.Dispose());

    private void Write(Database database)
    {
        int nested = random.Next(8);
        string? open = nested switch { 0 => "BEGIN", 1 => "SAVEPOINT s", _ => null };
        if (open != null)
        {
            database.Exec(open);
        }

        for (int i = open == null ? 1 : random.Next(1, 4); i > 0 && (open == null || database.InTransaction); i--)
        {
            Try(database, Statement());
            NoCycle(database);
        }

        if (open == null || !database.InTransaction)
        {
            return;
        }

        bool undo = random.Next(2) == 0;
        if (!Try(database, open == "BEGIN" ? (undo ? "ROLLBACK" : "COMMIT") : (undo ? "ROLLBACK TO s; RELEASE s" : "RELEASE s")))
        {
            database.Exec("ROLLBACK");
        }
    }

    private bool Try(Database database, string sql)
    {
        Statements++;
        try
        {
            database.Exec(sql);
            return true;
        }
        catch (SqlException failure) when ((failure.Code & 0xFF) == 19)
        {
            Refused++;
            return false;
        }
    }

    private string Statement()
    {
        string title = hasTitle ? $", title = {random.Next(9)}" : "";
        string positionNames = hasPosition ? ", pos" : "";
        string position = hasPosition ? ", " + Position() : "";
        return random.Next(12) switch
        {
            0 => $"UPDATE items SET parent = {Key()}",
            1 => $"UPDATE items SET id = {Key()} WHERE id = {Key()}",
            2 => $"DELETE FROM items WHERE id = {Key()}",
            3 or 4 => $"INSERT OR REPLACE INTO items(id, parent{positionNames}) VALUES ({Key()}, {Parent()}{position})",
            5 when hasPosition => $"UPDATE items SET pos = {Position()} WHERE id = {Key()}",
            6 => $"INSERT INTO items(id, parent{positionNames}) VALUES ({Key()}, {Parent()}{position}) ON CONFLICT DO UPDATE SET parent = excluded.parent{title}",
            7 when hasPosition => $"UPDATE items SET parent = {Parent()}, pos = {Position()}{title} WHERE id IN ({Key()}, {Key()}, {Key()})",
            _ => random.Next(2) == 0
                ? $"INSERT OR IGNORE INTO items(id, parent{positionNames}) VALUES ({Key()}, {Parent()}{position}), ({Key()}, {Parent()}{position})"
                : $"UPDATE items SET parent = {Parent()}{title} WHERE id = {Key()}",
        };
    }

    private string Parent() => random.Next(4) == 0 ? "NULL" : Key();

    private string Key()
    {
        int key = random.Next(keys);
        return keyType == "INTEGER" ? key.ToString(System.Globalization.CultureInfo.InvariantCulture) : keyType == "BLOB" ? $"x'0{key}'" : $"'k{key}'";
    }

    private string Position() => random.Next(5) switch { 0 => "NULL", 1 => "x''", 2 => random.Next(4).ToString(System.Globalization.CultureInfo.InvariantCulture), _ => $"'n{random.Next(9)}'" };

    /// <summary>Sends some chunks of one replica to another, some of them late, twice, or not now.</summary>
    private void Exchange(Database from)
    {
        long since = random.Next(2) == 0 ? 0 : (long)from.Scalar("SELECT max(0, cloudsync_db_version() - ?)", (long)random.Next(4))!;
        sent.AddRange(ChunkRow.Read(from, [("since_db_version", since), ("max_chunk_size", 256L)]).Select(chunk => chunk.Payload));
        for (int i = random.Next(4); i >= 0 && sent.Count > 0; i--)
        {
            Database to = replicas[random.Next(replicas.Count)];
            Apply(to, sent[random.Next(sent.Count)]);
            NoCycle(to);
        }
    }

    private static void Apply(Database to, byte[] payload)
    {
        try
        {
            to.Scalar("SELECT cloudsync_payload_apply(?)", payload);
        }
        catch (SqlException failure) when ((failure.Code & 0xFF) == 19)
        {
            // A foreign key of a row whose parent has not come: the payload comes again.
        }
    }

    private void Settle()
    {
        for (int round = 0; round < 3; round++)
        {
            foreach (Database from in replicas)
            {
                foreach (ChunkRow chunk in ChunkRow.Read(from, [("since_db_version", 0L)]))
                {
                    foreach (Database to in replicas)
                    {
                        to.Scalar("SELECT cloudsync_payload_apply(?)", chunk.Payload);
                    }
                }
            }
        }

        string? first = null;
        foreach (Database database in replicas)
        {
            database.Scalar("SELECT cloudsync_waiting_retry()");
            Assert.Equal(0L, database.Scalar("SELECT waiting FROM cloudsync_status"));
            NoCycle(database);
            Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('items')"));
            EqualModel(database);
            string rows = (string?)database.Scalar("SELECT group_concat(hex(cloudsync_pk_encode(id, ifnull(parent, 'none')" + (hasPosition ? ", ifnull(nullif(pos, x''), 'none')" : "")
                + (hasTitle ? ", ifnull(title, 'none')" : "") + "))) FROM (SELECT * FROM items ORDER BY id)") ?? "";
            Assert.Equal(first ??= rows, rows);
        }
    }

    private void EqualModel(Database database)
    {
        List<NaiveOperation> operations = [.. database.Query("SELECT lamport, hex(site), node, parent, pos FROM items_treeops").Select(row =>
            new NaiveOperation((long)row[0]!, ((string)row[1]!).ToLowerInvariant(), row[2]!, row[3]!, row[4]!))];
        Operations = operations.Count;
        NaiveTree model = NaiveTree.Replay(operations);
        Dictionary<string, string> nodes = database.Query("SELECT n.key, p.key, n.pos FROM items_tree_node AS n LEFT JOIN items_tree_node AS p ON p.nid = n.parent").ToDictionary(
            row => NaiveOperation.Key(row[0]!), row => NaiveTree.Describe((row[1] == null ? null : NaiveOperation.Key(row[1]!), row[2])));
        foreach ((string node, (string? Parent, object? Position) place) in model.Places)
        {
            Assert.Equal($"{node}: {NaiveTree.Describe(place)}", $"{node}: {nodes.GetValueOrDefault(node)}");
        }

        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM items_tree_pending"));
    }

    private static void NoCycle(Database database) => Assert.Equal(0L, database.Scalar(
        """
        WITH RECURSIVE up(start, at, depth) AS (SELECT id, parent, 1 FROM items WHERE parent IS NOT NULL
          UNION ALL SELECT start, parent, depth + 1 FROM up JOIN items ON id = at WHERE parent IS NOT NULL AND depth < 20)
        SELECT count(*) FROM up WHERE start = at
        """));
}
