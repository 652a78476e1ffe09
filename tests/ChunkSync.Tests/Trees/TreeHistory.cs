using System.Globalization;
using System.Text;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Trees;

/// <summary>One random history of a tree table on several replicas.</summary>
/// <param name="random">Decides everything.</param>
/// <param name="shape">The table.</param>
/// <param name="replicas">The replicas, all empty.</param>
internal sealed class TreeHistory(Random random, TreeShape shape, ReadOnlyMemory<TreeReplica> replicas)
{
    private const int Constraint = 19;

    private readonly List<byte[]> sent = [];
    private readonly long[] since = new long[replicas.Length];
    private readonly int keys = random.Next(3, 9);
    private readonly StringBuilder script = new();
    private string last = "";

    /// <summary>What was done, for the report of a failure.</summary>
    public string Script => $"{shape}\n{script}";

    /// <summary>Statements that were run.</summary>
    public int Statements { get; private set; }

    /// <summary>Statements that were refused.</summary>
    public int Refused { get; private set; }

    /// <summary>Operations at the end.</summary>
    public long Operations { get; private set; }

    public void Run(int steps)
    {
        for (int i = 0; i < replicas.Length; i++)
        {
            since[i] = replicas.Span[i].Version();
        }

        for (; steps > 0; steps--)
        {
            int at = random.Next(replicas.Length);
            if (random.Next(4) == 0)
            {
                Exchange(at);
            }
            else
            {
                Write(replicas.Span[at]);
            }
        }

        Settle();
    }

    private void Write(TreeReplica replica)
    {
        Database database = replica.Database;
        script.Append(CultureInfo.InvariantCulture, $"-- {Array.IndexOf(replicas.ToArray(), replica)}\n");
        string? open = random.Next(8) switch { 0 => "BEGIN", 1 => "SAVEPOINT s", _ => null };
        if (open != null)
        {
            database.Exec(open);
        }

        for (int i = open == null ? 1 : random.Next(1, 4); i > 0 && (open == null || database.InTransaction); i--)
        {
            Try(replica, Statement());
        }

        if (open == null || !database.InTransaction)
        {
            return;
        }

        bool undo = random.Next(2) == 0;
        if (!Try(replica, open == "BEGIN" ? (undo ? "ROLLBACK" : "COMMIT") : (undo ? "ROLLBACK TO s; RELEASE s" : "RELEASE s")))
        {
            database.Exec("ROLLBACK");
            replica.Check("ROLLBACK");
        }
    }

    private bool Try(TreeReplica replica, string sql)
    {
        Statements++;
        bool isDone = true;
        try
        {
            replica.Database.Exec(sql);
        }
        catch (SqlException failure) when ((failure.Code & 0xFF) == Constraint)
        {
            Refused++;
            isDone = false;
        }

        last = sql;
        script.Append(isDone ? "" : "-- refused: ").Append(sql).Append(";\n");
        replica.Check(sql);
        return isDone;
    }

    private string Statement()
    {
        string title = shape.HasTitle ? $", title = {random.Next(9)}" : "";
        string positionNames = shape.HasPosition ? ", pos" : "";
        string position = shape.HasPosition ? ", " + Position() : "";
        return random.Next(13) switch
        {
            0 => $"UPDATE items SET parent = {Key()}",
            1 => $"UPDATE items SET id = {Key()} WHERE id = {Key()}",
            2 => $"DELETE FROM items WHERE id = {Key()}",
            3 or 4 => $"INSERT OR REPLACE INTO items(id, parent{positionNames}) VALUES ({Key()}, {Parent()}{position})",
            5 when shape.HasPosition => $"UPDATE items SET pos = {Position()} WHERE id = {Key()}",
            6 => $"INSERT INTO items(id, parent{positionNames}) VALUES ({Key()}, {Parent()}{position}) ON CONFLICT DO UPDATE SET parent = excluded.parent{title}",
            7 when shape.HasPosition => $"UPDATE items SET parent = {Parent()}, pos = {Position()}{title} WHERE id IN ({Key()}, {Key()}, {Key()})",
            8 => $"UPDATE OR {Clause()} items SET parent = {Parent()}, id = {Key()} WHERE id IN ({Key()}, {Key()})",
            _ => random.Next(2) == 0
                ? $"INSERT OR {Clause()} INTO items(id, parent{positionNames}) VALUES ({Key()}, {Parent()}{position}), ({Key()}, {Parent()}{position})"
                : $"UPDATE items SET parent = {Parent()}{title} WHERE id = {Key()}",
        };
    }

    private string Clause() => random.Next(6) switch { 0 => "ABORT", 1 => "FAIL", 2 => "REPLACE", _ => "IGNORE" };

    private string Parent() => random.Next(4) == 0 ? "NULL" : Key();

    private string Key()
    {
        int key = random.Next(keys);
        return shape.KeyType switch { "INTEGER" => key.ToString(CultureInfo.InvariantCulture), "BLOB" => $"x'0{key}'", _ => $"'k{key}'" };
    }

    private string Position() => random.Next(5) switch { 0 => "NULL", 1 => "x''", 2 => random.Next(4).ToString(CultureInfo.InvariantCulture), _ => $"'n{random.Next(9)}'" };

    /// <summary>Sends some chunks of one replica to another, some of them late, twice, or not now.</summary>
    private void Exchange(int from)
    {
        TreeReplica source = replicas.Span[from];
        source.Read(random.Next(2) == 0 ? 0 : since[from], random.Next(2) == 0 ? 256 : 100_000, random.Next(4) == 0, sent);
        since[from] = source.Version();
        for (int i = random.Next(4); i >= 0 && sent.Count > 0; i--)
        {
            int target = random.Next(replicas.Length);
            TreeReplica to = replicas.Span[target];
            int chunk = random.Next(sent.Count);
            script.Append(CultureInfo.InvariantCulture, $"-- chunk {chunk} of {sent.Count} to {target}\n");
            to.Apply(sent[chunk], mayFail: true);
            to.Check("an apply behind " + last);
        }
    }

    /// <summary>Everything to the first, and from there to all; twice where a foreign key stops a child before its parent.</summary>
    private void Settle()
    {
        for (int round = shape.ForeignKey.Length == 0 ? 1 : 0; round < 2; round++)
        {
            for (int i = 1; i < replicas.Length; i++)
            {
                Send(i, 0);
            }

            for (int i = 1; i < replicas.Length; i++)
            {
                Send(0, i);
            }
        }

        string? first = null;
        foreach (TreeReplica replica in replicas.Span)
        {
            Database database = replica.Database;
            if (shape.Waits)
            {
                database.Scalar("SELECT cloudsync_waiting_retry()");
            }

            Assert.Equal(0L, database.Scalar("SELECT count(*) FROM cloudsync_waiting"));
            replica.Check("the last exchange");
            Operations = TreeModel.Equal(database);
            string rows = (string?)database.Scalar("SELECT group_concat(hex(cloudsync_pk_encode(id, ifnull(parent, 'none')"
                + (shape.HasPosition ? ", ifnull(nullif(pos, x''), 'none')" : "") + (shape.HasTitle ? ", ifnull(title, 'none')" : "") + "))) FROM (SELECT * FROM items ORDER BY id)") ?? "";
            Assert.Equal(first ??= rows, rows);
        }
    }

    private void Send(int from, int to)
    {
        List<byte[]> payloads = [];
        replicas.Span[from].Read(0, 1_000_000, relays: true, payloads);
        foreach (byte[] payload in payloads)
        {
            replicas.Span[to].Apply(payload, mayFail: false);
        }
    }
}
