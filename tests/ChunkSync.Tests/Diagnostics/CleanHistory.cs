using ChunkSync.Tests.Host;
using ChunkSync.Tests.Receive;
using ChunkSync.Tests.Waiting;

namespace ChunkSync.Tests.Diagnostics;

/// <summary>Replicas none of which is ever copied, restored, narrowed or told to ignore anything: they write, alter their tables and gossip by
/// chunks that get lost, come twice, late, in pieces or in another order, that are asked for again, refused, rolled back or kept waiting. Nothing of it
/// may look like a copy.</summary>
/// <remarks>The databases stay open from history to history, because opening them costs more than one.</remarks>
internal sealed class CleanHistory : IDisposable
{
    private const int Count = 4;
    private const int Keys = 6;
    private const int MostStored = 40;
    private const int MostChunks = 3;
    private const string Other = "CREATE TABLE k(x INTEGER, y TEXT, v, PRIMARY KEY(x, y)) WITHOUT ROWID; SELECT cloudsync_init('k');";
    private const string Types = "CREATE TABLE w(id TEXT PRIMARY KEY NOT NULL, n {0}); SELECT cloudsync_init('w');";

    private static readonly string[] Affinities = ["", "INTEGER", "TEXT", "REAL", "NUMERIC", "BLOB"];
    /// <summary>Two numbers that meet in columns of different types can win in turn without end: where types differ there is one.</summary>
    private static readonly string[] Forms = ["5", "'5'", "5.0", "'5.0'", "x'35'", "NULL", "'z'"];
    private static readonly string[] Numbers = ["9007199254740993", "-0.0", "17", "0.1"];

    private readonly Random random;
    private readonly WaitingReplica[] replicas;
    private readonly IDisposable[] pauses;
    private readonly List<(byte[] Site, SentChunk Chunk)> stored = [];
    private readonly (string Column, object? Value)[] stream;
    private readonly string[] values;
    private long value;

    public CleanHistory(Random random)
    {
        this.random = random;
        ReferenceClause references = ReferenceClause.Choose(random);
        replicas = [.. Enumerable.Range(0, Count).Select(i => WaitingReplica.Open(random, i, references))];
        bool differ = random.Next(3) == 0;

        values = differ ? Forms : [.. Forms, .. Numbers];
        foreach (WaitingReplica replica in replicas)
        {
            string more = Other + Types.Replace("{0}", differ ? Affinities[random.Next(Affinities.Length)] : "", StringComparison.Ordinal);
            more += random.Next(4) == 0 ? "CREATE TRIGGER leave_out BEFORE INSERT ON k WHEN new.x % 3 = 0 BEGIN SELECT RAISE(IGNORE); END;" : "";
            more += random.Next(4) == 0 ? "SELECT cloudsync_set_filter('k', 'x % 2 = 0');" : "";
            replica.Database.Exec(more);
            Log.Add(replica.Schema + more);
        }

        // Everything, or what each has written itself.
        stream = random.Next(2) == 0 ? [("site_id", new byte[16]), ("exclude_filter_site_id", 1)] : [];
        pauses = [.. replicas.Select(replica => replica.Database.PauseChecks())];
    }

    /// <summary>What happened, to be printed.</summary>
    public List<string> Log { get; } = [];

    /// <summary>Chunks that were received in whole, and again.</summary>
    public long Received { get; private set; }

    /// <summary>Writes and exchanges.</summary>
    public void Run(int steps)
    {
        Log.Add("--- history");
        Array.ForEach(replicas, replica => replica.Begin(random));
        for (int i = 0; i < steps; i++)
        {
            Step(random.Next(Count));
        }

        // A late chunk is told from a copy's when what has moved on since has come, too.
        Log.Add("--- everything");
        Array.ForEach(replicas, replica => replica.SetPolicy("wait"));
        for (int from = 0; from < Count; from++)
        {
            for (int to = 0; to < Count; to++)
            {
                if (from != to)
                {
                    byte[] site = ReceivePair.SiteOf(replicas[from].Database);
                    Ask(from, to, site).ForEach(chunk => chunk.Receive(replicas[to].Database, site));
                }
            }
        }
    }

    /// <summary>What the replicas hold: the same whenever the random numbers are.</summary>
    public IEnumerable<string> State() => replicas.SelectMany(replica => replica.State());

    /// <summary>What a replica suspects; null when none does.</summary>
    public string? Suspected() => replicas.SelectMany(replica => Diagnostics.Suspected.In(replica.Database).Select(found => $"{replica.Name}: {found}")).FirstOrDefault();

    public void Dispose()
    {
        Array.ForEach(pauses, pause => pause.Dispose());
        Array.ForEach(replicas, replica => replica.Database.Dispose());
    }

    private void Step(int at)
    {
        switch (random.Next(20))
        {
            case < 9:
                Write(at);
                break;
            case < 14:
                Pull(at, random.Next(Count));
                break;
            case < 17:
                Repeat(at);
                break;
            case 17:
                AskAgain(at, random.Next(Count));
                break;
            case 18:
                Log.Add($"{at} retries");
                replicas[at].Database.Query("SELECT cloudsync_waiting_retry()");
                break;
            default:
                Rare(at);
                break;
        }
    }

    private void Rare(int at)
    {
        Database database = replicas[at].Database;
        switch (random.Next(6))
        {
            case 0 when replicas[at].Version == 1:
                Log.Add($"{at} upgrades");
                replicas[at].Upgrade();
                break;
            case 1:
                Log.Add($"{at} has a new site");
                SiteIds.Renew(database, random);
                break;
            case 2:
                Log.Add($"{at} applies everything of {(at + 1) % Count}");
                replicas[at].TryApply(RefusingReplica.All(replicas[(at + 1) % Count].Database) ?? [], random.Next(2) == 0, out _);
                break;
            case 3:
                Log.Add($"{at} overrules");
                Overrule(database);
                break;
            case 4:
                Log.Add($"{at} is recaptured");
                database.Query("SELECT cloudsync_recapture('t'), cloudsync_init('k')");
                break;
            default:
                Log.Add($"{at} rolls back");
                database.Exec("BEGIN; DELETE FROM k; INSERT INTO k VALUES (1, 'undone', 1); ROLLBACK");
                break;
        }
    }

    private static void Overrule(Database database)
    {
        try
        {
            database.Query("SELECT cloudsync_waiting_drop(tbl, pk, 'overrule') FROM cloudsync_waiting WHERE reason NOT IN ('table', 'column') LIMIT 1");
        }
        catch (SqlException)
        {
            // Of a column that is not here nothing can be overruled.
        }
    }

    private void Write(int at)
    {
        string key = "k" + random.Next(Keys);
        value++;
        string p = random.Next(2) == 0 ? "NULL" : $"'k{random.Next(Keys)}'";
        string sql = random.Next(12) switch
        {
            0 or 1 => $"INSERT OR REPLACE INTO t(id, a, b, p) VALUES ('{key}', {random.Next(8)}, {random.Next(10)}, {p})",
            2 => $"UPDATE t SET a = {random.Next(8)} WHERE id = '{key}'",
            3 => $"UPDATE t SET b = {random.Next(10)}",
            4 => $"UPDATE t SET p = {p} WHERE id = '{key}'",
            5 => $"DELETE FROM t WHERE id = '{key}'",
            6 => $"UPDATE OR REPLACE t SET id = 'k{random.Next(Keys)}' WHERE id = '{key}'",
            7 => $"INSERT OR REPLACE INTO k VALUES ({random.Next(Keys)}, 'y', {value})",
            8 => $"UPDATE k SET v = {value} WHERE x = {random.Next(Keys)}; DELETE FROM k WHERE x = {random.Next(Keys)}",
            9 when random.Next(20) == 0 => $"UPDATE k SET v = ? WHERE x = {random.Next(Keys)}",
            9 or 10 => $"INSERT OR REPLACE INTO w VALUES ('{key}', {values[random.Next(values.Length)]})",
            _ => $"UPDATE w SET n = {values[random.Next(values.Length)]} WHERE id = '{key}'",
        };
        byte[]? many = null;
        if (sql.Contains('?', StringComparison.Ordinal))
        {
            many = new byte[random.Next(300_000, 700_000)];
            random.NextBytes(many);
        }

        if (replicas[at].TryWrite(sql, many))
        {
            Log.Add($"{at} writes {sql}");
        }
    }

    /// <summary>A replica asks another one for what it lacks; some of the answer gets lost, and some comes later.</summary>
    private void Pull(int from, int to)
    {
        if (from == to)
        {
            return;
        }

        byte[] site = ReceivePair.SiteOf(replicas[from].Database);
        Deliver(to, site, Ask(from, to, site));
    }

    private List<SentChunk> Ask(int from, int to, byte[] site)
    {
        List<object?[]> gaps = replicas[to].Database.Query("SELECT * FROM cloudsync_receive_gaps(?)", site);
        gaps = gaps.Count == 0 ? [[site, 1L, 0L, 0L, null, null, null]] : gaps;
        List<SentChunk> chunks = [.. gaps.SelectMany(gap => Answer(from, to, site, gap))];
        Log.Add($"{to} asks {from}: {string.Join(", ", chunks)}");
        return chunks;
    }

    private List<SentChunk> Answer(int from, int to, byte[] site, object?[] gap)
    {
        try
        {
            return SentChunk.Answer(replicas[from].Database, stream, gap);
        }
        catch (SqlException failure) when (failure.Text.Contains("is not a boundary", StringComparison.Ordinal))
        {
            // Parts of a value that were cut with another size: as the text says, the position is asked for again, in the next round.
            Log.Add(failure.Text);
            replicas[to].Database.Scalar("SELECT cloudsync_receive_forget(?, ?, ?)", site, gap[1], gap[2]);
            return [];
        }
    }

    /// <summary>A replica asks for something that it may have.</summary>
    private void AskAgain(int from, int to)
    {
        if (from == to)
        {
            return;
        }

        Database sender = replicas[from].Database;
        byte[] site = ReceivePair.SiteOf(sender);
        long newest = (long)(sender.Scalar("SELECT max(db_version) FROM cloudsync_changes") ?? 0L);
        long since = random.NextInt64(newest + 1);
        long until = since >= newest ? 0 : random.NextInt64(since + 1, newest + 1);
        List<SentChunk> chunks = SentChunk.Window(sender, [.. stream, ("max_chunk_size", 262_144 << random.Next(3))], since, random.Next(2) == 0 ? 0 : until);
        Log.Add($"{to} asks {from} since {since}: {string.Join(", ", chunks)}");
        Deliver(to, site, chunks);
    }

    private void Deliver(int to, byte[] site, List<SentChunk> chunks)
    {
        chunks.ForEach(chunk => stored.Add((site, chunk)));
        while (stored.Count > MostStored)
        {
            stored.RemoveAt(random.Next(stored.Count));
        }

        SentChunk[] order = [.. chunks];
        if (random.Next(2) == 0)
        {
            random.Shuffle(order);
        }

        foreach (SentChunk chunk in order.Take(random.Next(4) == 0 ? random.Next(MostChunks) : order.Length))
        {
            Receive(to, site, chunk);
        }
    }

    /// <summary>A chunk that was sent at some time, to somebody, comes late or once more.</summary>
    private void Repeat(int to)
    {
        if (stored.Count > 0)
        {
            (byte[] site, SentChunk chunk) = stored[random.Next(stored.Count)];
            if (!site.SequenceEqual(ReceivePair.SiteOf(replicas[to].Database)))
            {
                Receive(to, site, chunk);
            }
        }
    }

    private void Receive(int to, byte[] site, SentChunk chunk)
    {
        Database database = replicas[to].Database;
        string end = random.Next(8) switch { 0 => "ROLLBACK", 1 => "COMMIT", _ => "" };
        Log.Add($"{to} receives {chunk} of {Convert.ToHexStringLower(site)[^4..]} {end}");
        try
        {
            database.Exec(end.Length > 0 ? "BEGIN" : "");
            chunk.Receive(database, site);
            database.Exec(end);
            Received++;
        }
        catch (SqlException failure)
        {
            Log.Add($"refused: {failure.Text}");
            database.Exec(database.InTransaction ? "ROLLBACK" : "");
        }
    }
}
