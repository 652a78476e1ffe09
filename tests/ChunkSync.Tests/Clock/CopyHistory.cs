using ChunkSync.Tests.Host;
using ChunkSync.Tests.Receive;

namespace ChunkSync.Tests.Clock;

/// <summary>Replicas that write and receive from each other, of which some are copied or restored from an older copy, with or without
/// <c>cloudsync_new_site</c>. Every value that is written is a greater number than all before it.</summary>
/// <param name="random">The history's random numbers.</param>
/// <param name="clean">Whether nothing is copied.</param>
/// <param name="renews">Whether copies get a site id of their own before they exchange anything.</param>
internal sealed class CopyHistory(Random random, bool clean, bool renews) : IDisposable
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); CREATE TABLE k(x INTEGER, y TEXT, v, PRIMARY KEY(x, y)) WITHOUT ROWID;"
        + " SELECT cloudsync_init('t'), cloudsync_init('k');";

    private const int Steps = 40;

    /// <summary>All changes: a peer that hears of its own ones finds them known.</summary>
    private static readonly (string Column, object? Value)[] Stream = [("site_id", new byte[16]), ("exclude_filter_site_id", 1)];

    private readonly List<Database> replicas = [];
    private readonly List<(Database Copy, int Of)> backups = [];
    private long value;

    /// <summary>What happened, for messages.</summary>
    public List<string> Log { get; } = [];

    /// <summary>The replicas that are there.</summary>
    public IReadOnlyList<Database> Replicas => replicas;

    /// <summary>Copies made of a replica, or put in its place.</summary>
    public int Copies { get; private set; }

    /// <summary>What was held by somebody before the last exchange, and is not held by everybody after it.</summary>
    public List<string> Lost { get; private set; } = [];

    /// <summary>Runs it, and exchanges everything at the end.</summary>
    public void Run()
    {
        for (int i = 0; i < 3; i++)
        {
            replicas.Add(Database.Open());
            replicas[i].Exec(Schema);
            SiteIds.Give(replicas[i], random);
        }

        for (int step = 0; step < Steps; step++)
        {
            Step();
        }

        SortedDictionary<string, (long Version, long Value)> held = [];
        replicas.ForEach(replica => Read(replica, held));
        for (int round = 0; round < 3; round++)
        {
            for (int from = 0; from < replicas.Count; from++)
            {
                for (int to = 0; to < replicas.Count; to++)
                {
                    Exchange(from, to);
                }
            }
        }

        foreach (Database replica in replicas)
        {
            SortedDictionary<string, (long Version, long Value)> has = [];
            Read(replica, has);
            Lost.AddRange(held.Where(cell => !has.TryGetValue(cell.Key, out (long, long) found) || found != cell.Value)
                .Select(cell => $"replica {replicas.IndexOf(replica)}: {cell}"));
        }
    }

    public void Dispose()
    {
        replicas.ForEach(replica => replica.Dispose());
        backups.ForEach(backup => backup.Copy.Dispose());
    }

    private void Step()
    {
        int at = random.Next(replicas.Count);
        switch (random.Next(10))
        {
            case < 5:
                Write(at);
                break;
            case < 8:
                Exchange(at, random.Next(replicas.Count));
                break;
            case 8 when !clean && backups.Count < 3:
                Log.Add($"backup of {at}");
                backups.Add((Database.OpenCopy(replicas[at]), at));
                break;
            case 9 when backups.Count > 0:
                Copy();
                break;
        }
    }

    /// <summary>A backup becomes one replica more, or takes the place of the one that it is of.</summary>
    private void Copy()
    {
        (Database backup, int of) = backups[^1];
        backups.RemoveAt(backups.Count - 1);
        backup.Register();
        Copies++;
        if (!renews)
        {
            // What nobody has sent cannot come back: where a copied file had only passed on what others wrote, nothing shows it.
            value++;
            Log.Add($"{of}: sent {value}");
            replicas[of].Exec($"INSERT INTO t VALUES ('n{value}', {value}, {value})");
            Exchange(of, (of + 1) % 3);
        }

        bool restores = random.Next(2) == 0;
        Log.Add((restores ? "restore of " : "copy of ") + of);
        if (restores)
        {
            replicas[of].Dispose();
            replicas[of] = backup;
        }
        else
        {
            replicas.Add(backup);
        }

        if (!renews)
        {
            return;
        }

        int at = replicas.IndexOf(backup);
        long version = (long)backup.Scalar("SELECT cloudsync_db_version()")!;
        for (int i = random.Next(3); i > 0; i--)
        {
            Write(at);
        }

        bool all = random.Next(2) == 0;
        Log.Add($"{at} renewed{(all ? "" : " above " + version)}");
        SiteIds.Renew(backup, random, all ? "" : $"{version}");
    }

    private void Write(int at)
    {
        Database replica = replicas[at];
        value++;
        string sql = random.Next(6) switch
        {
            0 or 1 => $"INSERT INTO t VALUES ('n{value}', {value}, {value})",
            2 => $"INSERT INTO k VALUES ({value}, 'y', {value})",
            3 => $"UPDATE t SET a = {value} WHERE id = (SELECT id FROM t ORDER BY id LIMIT 1 OFFSET {random.Next(4)})",
            4 => $"UPDATE k SET v = {value} WHERE x = (SELECT x FROM k ORDER BY x LIMIT 1 OFFSET {random.Next(4)})",
            _ => $"UPDATE t SET b = {value}",
        };
        Log.Add($"{at}: {sql}");
        replica.Exec(sql);
    }

    private void Exchange(int from, int to)
    {
        if (from == to)
        {
            return;
        }

        Log.Add($"{from} to {to}");
        byte[] site = ReceivePair.SiteOf(replicas[from]);
        List<object?[]> gaps = replicas[to].Query("SELECT * FROM cloudsync_receive_gaps(?)", site);
        gaps = gaps.Count == 0 ? [[site, 1L, 0L, 0L, null, null, null]] : gaps;
        foreach (SentChunk chunk in gaps.SelectMany(gap => SentChunk.Answer(replicas[from], Stream, gap)))
        {
            for (int repeats = random.Next(8) == 0 ? 2 : 1; repeats > 0; repeats--)
            {
                chunk.Receive(replicas[to], site);
            }
        }
    }

    /// <summary>The greatest version and value of every cell.</summary>
    private static void Read(Database replica, SortedDictionary<string, (long Version, long Value)> cells)
    {
        foreach (object?[] row in replica.Query("SELECT tbl, hex(pk), col_name, col_version, col_value FROM cloudsync_changes WHERE col_name <> '__[RIP]__'"))
        {
            string cell = $"{row[0]} {row[1]} {row[2]}";
            (long, long) stamp = ((long)row[3]!, (long)row[4]!);
            if (!cells.TryGetValue(cell, out (long, long) known) || known.CompareTo(stamp) < 0)
            {
                cells[cell] = stamp;
            }
        }
    }
}
