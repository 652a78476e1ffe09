using System.Globalization;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Waiting;

/// <summary>Three replicas with different constraints and schema versions, and one without any, go through histories one behind the other: they
/// write at once and exchange in pieces, in any order and more than once. Nothing may stop a sender; wherever a row is not as on the replica
/// without constraints a waiting change of exactly that row says so; and once the causes are gone all are equal.</summary>
/// <remarks>The databases are small and stay open, because opening them costs more than a history. Between two histories the causes are
/// taken away in one of two ways: the constraints go for a while and what waited has to appear, or somebody writes values that fit.</remarks>
internal sealed class WaitingHistory : IDisposable
{
    /// <summary>Replicas with constraints.</summary>
    private const int Count = 3;

    /// <summary>The replica without constraints.</summary>
    private const int Plain = Count;
    private const int Keys = 5;
    private const int MostRounds = 12;

    private readonly Random random;
    private readonly bool replaces;
    private readonly WaitingReplica[] replicas;
    private readonly List<(int From, byte[] Payload)>[] inboxes = [.. Enumerable.Range(0, Count + 1).Select(_ => new List<(int, byte[])>())];
    private readonly IDisposable[] pauses;
    private long wave;

    /// <summary>Opens the replicas.</summary>
    /// <param name="random">The histories' random numbers.</param>
    /// <param name="replaces">Whether users write with REPLACE where deletions cascade.</param>
    public WaitingHistory(Random random, bool replaces = false)
    {
        this.random = random;
        this.replaces = replaces;
        ReferenceClause references = replaces ? ReferenceClause.Cascade : ReferenceClause.Choose(random);
        replicas = [.. Enumerable.Range(0, Count + 1).Select(
            i => i == Plain ? WaitingReplica.OpenPlain(random) : WaitingReplica.Open(random, i, references, replaces))];
        HasReferences = references != ReferenceClause.None;
        foreach (WaitingReplica replica in replicas)
        {
            Log.Add(replica.Schema);
        }

        // Clocks are compared with rows where a history ends.
        pauses = [.. replicas.Select(replica => replica.Database.PauseChecks())];
    }

    /// <summary>What happened, to be printed.</summary>
    public List<string> Log { get; } = [];

    /// <summary>Rows that waited at the ends of the histories.</summary>
    public long Waited { get; private set; }

    private bool HasReferences { get; }

    /// <summary>Writes and exchanges, then exchanges everything and takes the causes away.</summary>
    /// <param name="steps">The number of writes and exchanges.</param>
    /// <param name="isLast">Whether no history follows: what is declared in a table can go, too.</param>
    /// <returns>What is wrong; null when nothing is.</returns>
    public string? Run(int steps, bool isLast)
    {
        Log.Add("--- history");
        Array.ForEach(replicas, replica => replica.Begin(random));
        string? wrong = null;
        for (int i = 0; i < steps && wrong == null; i++)
        {
            wrong = Step(random.Next(Count + 1));
        }

        foreach (WaitingReplica replica in replicas)
        {
            replica.SetPolicy("wait");
        }

        wrong ??= Exchange() ?? Unexplained();
        Waited += replicas.Sum(replica => replica.CountWaiting());
        if (wrong != null || (!isLast && Array.TrueForAll(replicas, replica => replica.CountRefused() == 0)))
        {
            // Nothing has to be cured: the next history begins where this one ends.
            return wrong;
        }

        return isLast || Array.TrueForAll(replicas, replica => replica.CanLoosen) ? Loosen(isLast) : Repair();
    }

    /// <summary>What the replicas hold: the same whenever the random numbers are.</summary>
    public IEnumerable<string> State() => replicas.SelectMany(replica => replica.State());

    public void Dispose()
    {
        Array.ForEach(pauses, pause => pause.Dispose());
        Array.ForEach(replicas, replica => replica.Database.Dispose());
    }

    private string? Step(int replica)
    {
        switch (random.Next(4))
        {
            case 0:
                Send(replica);
                return null;
            case 1:
                return Deliver(replica);
            case 2 when random.Next(8) == 0 && replicas[replica].Version == 1:
                return Upgrade(replica);
            default:
                Write(replica);
                return null;
        }
    }

    private string? Upgrade(int replica)
    {
        Log.Add($"{replica} upgrades");
        return Failure(() => replicas[replica].Upgrade());
    }

    private void Write(int replica)
    {
        string key = "k" + random.Next(Keys);
        string p = HasReferences && random.Next(2) == 0 ? "'k" + random.Next(Keys) + "'" : "NULL";
        string b = random.Next(10) == 0 ? "NULL" : $"{random.Next(10)}";
        WaitingReplica at = replicas[replica];
        string? sql = random.Next(10) switch
        {
            0 or 1 => $"INSERT INTO t(id, a, b, p) VALUES ('{key}', {random.Next(8)}, {b}, {p})",
            2 or 3 => $"UPDATE t SET a = {random.Next(8)} WHERE id = '{key}'",
            4 => $"UPDATE t SET b = {b} WHERE id = '{key}'",
            5 => $"UPDATE t SET p = {p} WHERE id = '{key}'",
            6 => $"DELETE FROM t WHERE id = '{key}'",
            7 when at.Version == 2 => $"UPDATE t SET c = 'c{random.Next(1000)}' WHERE id = '{key}'",
            7 or 8 when at.Version == 2 => $"INSERT INTO u VALUES ('{key}', {random.Next(1000)}) ON CONFLICT(id) DO UPDATE SET x = excluded.x",
            7 or 8 when replaces => $"UPDATE OR REPLACE t SET id = 'k{random.Next(Keys)}' WHERE id = '{key}'",
            _ => Rotation(at),
        };
        if (replaces && random.Next(2) == 0)
        {
            sql = sql?.Replace("INSERT INTO t", "INSERT OR REPLACE INTO t", StringComparison.Ordinal).Replace("UPDATE t", "UPDATE OR REPLACE t", StringComparison.Ordinal);
        }

        if (sql != null && at.TryWrite(sql))
        {
            Log.Add($"{replica} writes {sql}");
        }
    }

    /// <summary>The statements that rotate the values of some rows, as a user has to write them.</summary>
    private string? Rotation(WaitingReplica replica)
    {
        object?[][] all = [.. replica.Database.Query("SELECT id, a FROM t WHERE a IS NOT NULL ORDER BY id")];
        random.Shuffle(all);
        object?[][] rows = [.. all.Take(random.Next(2, 4))];
        return rows.Length < 2 ? null : string.Join("; ",
            rows.Select((row, i) => $"UPDATE t SET a = {-100 - i} WHERE id = '{row[0]}'")
                .Concat(rows.Select((row, i) => $"UPDATE t SET a = {rows[(i + 1) % rows.Length][1]} WHERE id = '{row[0]}'")));
    }

    private void Send(int from)
    {
        if (replicas[from].TakeNews() is not byte[] payload)
        {
            return;
        }

        for (int to = 0; to <= Count; to++)
        {
            if (to != from)
            {
                inboxes[to].Add((from, payload));
            }
        }

        Log.Add($"{from} sends");
    }

    private string? Deliver(int to)
    {
        if (inboxes[to].Count == 0)
        {
            return null;
        }

        int place = random.Next(inboxes[to].Count);
        (int from, byte[] payload) = inboxes[to][place];
        if (random.Next(4) != 0)
        {
            inboxes[to].RemoveAt(place);
        }

        bool inTransaction = random.Next(4) == 0;
        Log.Add($"{to} applies of {from}{(inTransaction ? " in a transaction" : "")}");
        return Apply(to, payload, inTransaction);
    }

    private string? Apply(int to, byte[] payload, bool inTransaction = false)
    {
        string? failure = replicas[to].TryApply(payload, inTransaction, out bool isJam);
        if (failure != null)
        {
            Log.Add($"{to} refuses: {failure}");
        }

        return isJam ? $"{to} refused a payload: {failure}" : null;
    }

    /// <summary>Everybody hears of everything of this history, and tries what waits, until nobody has anything new.</summary>
    private string? Exchange()
    {
        Array.ForEach(inboxes, inbox => inbox.Clear());
        long[] heard = [.. replicas.Select(replica => replica.Start)];
        bool isQuiet = false;
        for (int round = 0; !isQuiet; round++)
        {
            if (round == MostRounds)
            {
                return "the exchange does not end";
            }

            isQuiet = true;
            for (int from = 0; from <= Count; from++)
            {
                if (replicas[from].Changes(ref heard[from]) is not byte[] payload)
                {
                    continue;
                }

                isQuiet = false;
                for (int to = 0; to <= Count; to++)
                {
                    if (to != from && Apply(to, payload) is string jam)
                    {
                        return jam;
                    }
                }
            }

            for (int i = 0; isQuiet && i < Count; i++)
            {
                isQuiet &= replicas[i].CountWaiting() == 0 || (long)replicas[i].Database.Scalar("SELECT cloudsync_waiting_retry()")! == 0;
            }
        }

        return null;
    }

    /// <summary>A row that is not as on the replica without constraints although no change of it waits.</summary>
    private string? Unexplained()
    {
        foreach (WaitingReplica replica in replicas[..Count])
        {
            foreach (string key in replica.Differences(replicas[Plain]))
            {
                if ((long)replica.Database.Scalar("SELECT count(*) FROM cloudsync_waiting WHERE pk = cloudsync_pk_encode(?)", key)! == 0)
                {
                    return $"{replica.Name}: row {key} differs and nothing of it waits\n{replica.Show(key)}\n--- {replicas[Plain].Name}\n{replicas[Plain].Show(key)}";
                }
            }
        }

        if (Array.Find(replicas, replica => replica.HasDanglingReference) is WaitingReplica dangling)
        {
            return $"{dangling.Name} has a row that refers to nothing\n{dangling.Show()}";
        }

        return Array.Find(replicas, replica => replica.HasPlaceholder) is WaitingReplica holder ? $"{holder.Name} shows a placeholder" : null;
    }

    /// <summary>The constraints go: what waited appears. Then they come back to empty tables.</summary>
    private string? Loosen(bool isLast)
    {
        Log.Add("constraints go");
        string? wrong = null;
        foreach (WaitingReplica replica in replicas)
        {
            wrong ??= Failure(() => replica.Loosen(isLast));
        }

        wrong ??= Exchange() ?? Lost();
        if (wrong != null || isLast)
        {
            return wrong;
        }

        Log.Add($"{Plain} deletes everything, constraints come back");
        replicas[Plain].Database.Exec("DELETE FROM t");
        wrong = Exchange() ?? Lost();
        if (wrong == null)
        {
            Array.ForEach(replicas, replica => replica.Tighten());
        }

        return wrong;
    }

    /// <summary>Somebody writes all rows as everybody takes them.</summary>
    private string? Repair()
    {
        Log.Add($"{Plain} repairs");
        string rows = string.Join(", ", Enumerable.Range(0, Keys).Select(i => string.Create(CultureInfo.InvariantCulture, $"('k{i}', {i - 10 - (50 * (++wave % 3))}, {i + 3}, NULL)")));
        replicas[Plain].Database.Exec($"INSERT INTO t(id, a, b, p) VALUES {rows} ON CONFLICT(id) DO UPDATE SET a = excluded.a, b = excluded.b, p = NULL");
        return Exchange() ?? Lost();
    }

    /// <summary>What differs, or waits, although no cause is left.</summary>
    private string? Lost()
    {
        foreach (WaitingReplica replica in replicas)
        {
            string[] waiting = RefusingReplica.Read(
                replica.Database, "SELECT tbl, key, columns, reason, text, tries FROM cloudsync_waiting WHERE reason NOT IN ('column', 'table')");
            string[] differences = [.. replica.Differences(replicas[Plain])];
            if (waiting.Length + differences.Length > 0 || (replica.Version == 2 && replica.CountWaiting() > 0))
            {
                return $"{replica.Name} is not as all: {string.Join(", ", RefusingReplica.Waiting(replica.Database))}; {string.Join(", ", waiting)};"
                    + $" rows {string.Join(", ", differences)}:\n{replica.Show()}\n--- {replicas[Plain].Name}\n{replicas[Plain].Show()}";
            }
        }

        for (int i = 0; i <= Count; i++)
        {
            // The check behind the next statement looks at clocks and rows.
            pauses[i].Dispose();
            replicas[i].Database.Scalar("SELECT 1");
            pauses[i] = replicas[i].Database.PauseChecks();
        }

        return null;
    }

    private static string? Failure(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (SqlException failure)
        {
            return failure.Text;
        }
    }
}
