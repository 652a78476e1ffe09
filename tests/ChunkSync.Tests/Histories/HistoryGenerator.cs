namespace ChunkSync.Tests.Histories;

/// <summary>Makes random histories: phrases of steps that belong together, of replicas in turn.</summary>
internal sealed class HistoryGenerator
{
    private static readonly StepKind[] Writes =
    [
        StepKind.Put, StepKind.Put, StepKind.Replace, StepKind.Update, StepKind.Update, StepKind.UpdateAll, StepKind.Delete, StepKind.Delete,
        StepKind.Move,
    ];

    private static readonly StepKind[] Columns =
        [StepKind.AddColumn, StepKind.AddColumn, StepKind.AddColumn, StepKind.DropColumn, StepKind.DropColumn, StepKind.RenameColumn, StepKind.Rebuild];

    /// <summary>Calls that stand alone. Some histories leave some of them out, so that what the others do is seen without them.</summary>
    private static readonly StepKind[] Calls =
    [
        StepKind.PlainAdd, StepKind.Repair, StepKind.Repair, StepKind.Init, StepKind.EmptyPair, StepKind.Vacuum, StepKind.Reopen, StepKind.Reopen,
        StepKind.SetFilter, StepKind.ClearFilter, StepKind.Disable, StepKind.Enable, StepKind.Enable, StepKind.Track, StepKind.Recursive, StepKind.Forget,
        StepKind.Rebuild, StepKind.Rebuild, StepKind.Recapture, StepKind.PlainRename, StepKind.Switch, StepKind.Switch,
    ];

    private readonly Random random;
    private readonly StepKind[] calls;
    private readonly List<HistoryStep> steps = [];
    private readonly int replicas;
    private readonly bool withLongValues;
    private int windows;

    private HistoryGenerator(Random random, StepKind[] allowed)
    {
        this.random = random;
        replicas = 3 + (random.Next(4) == 0 ? random.Next(3) : 0);
        withLongValues = random.Next(40) == 0;

        // A few kinds of calls for each history.
        int kinds = random.Next(1, 5);
        StepKind[] possible = [.. Calls.Where(allowed.Contains)];
        calls = possible.Length == 0 ? [] : [.. Enumerable.Range(0, kinds).Select(_ => possible[random.Next(possible.Length)])];
    }

    /// <summary>Makes a history.</summary>
    /// <param name="random">The random numbers.</param>
    /// <param name="allowed">The calls that may occur; writes, transactions and gossip always may.</param>
    public static History Make(Random random, StepKind[] allowed)
    {
        HistoryGenerator generator = new(random, allowed);
        int phrases = 4 + random.Next(12);
        for (int i = 0; i < phrases; i++)
        {
            generator.Phrase(allowed.Contains(StepKind.BeginAlter));
        }

        return new History(generator.replicas, generator.steps);
    }

    private void Phrase(bool mayAlter)
    {
        int replica = random.Next(replicas);
        int before = steps.Count;
        int kind = random.Next(10);
        bool inTransaction = kind < 7 && random.Next(3) == 0;
        if (inTransaction)
        {
            Add(StepKind.Begin, replica);
        }

        switch (kind)
        {
            case < 3:
                SomeWrites(replica, 1 + random.Next(4));
                break;
            case < 5 when mayAlter:
                Alteration(replica);
                break;
            case < 7 when calls.Length > 0:
                SomeWrites(replica, random.Next(2));
                Call(replica);
                SomeWrites(replica, random.Next(2));
                break;
            default:
                Gossip(replica);
                break;
        }

        if (inTransaction)
        {
            Savepoints(replica, before + 1);
            Add(random.Next(4) == 0 ? StepKind.Rollback : StepKind.Commit, replica);
            SomeWrites(replica, random.Next(2));
        }
    }

    /// <summary>Puts a savepoint somewhere into what was made since <paramref name="from"/>, and its end behind it.</summary>
    private void Savepoints(int replica, int from)
    {
        if (steps.Count <= from || random.Next(2) == 0)
        {
            return;
        }

        steps.Insert(from + random.Next(steps.Count - from), new HistoryStep(StepKind.Save, replica));
        bool undo = random.Next(3) > 0;
        Add(undo ? StepKind.RollbackTo : StepKind.Release, replica, b: random.Next(2));
        SomeWrites(replica, random.Next(3));
        if (undo && random.Next(3) == 0)
        {
            Deliver(replica);
        }
    }

    private void Alteration(int replica)
    {
        int table = random.Next(2);
        Add(StepKind.BeginAlter, replica, table);
        for (int i = random.Next(4); i > 0; i--)
        {
            Add(Columns[random.Next(Columns.Length)], replica, table, random.Next(8), random.Next(64));
            if (random.Next(4) == 0)
            {
                SomeWrites(replica, 1);
            }
        }

        Add(random.Next(6) == 0 ? StepKind.Rollback : StepKind.CommitAlter, replica, table);
        SomeWrites(replica, random.Next(3));
    }

    private void Call(int replica) =>
        Add(calls[random.Next(calls.Length)], replica, random.Next(2), random.Next(8), random.Next(64));

    private void SomeWrites(int replica, int count)
    {
        for (int i = 0; i < count; i++)
        {
            int value = random.Next(HistoryValues.Count * 4);
            bool isLong = (value + 1) % HistoryValues.Count == 0;
            StepKind kind = random.Next(40) == 0 ? StepKind.DeleteAll : Writes[random.Next(Writes.Length)];
            Add(kind, replica, random.Next(3) / 2, random.Next(4), kind == StepKind.Move ? random.Next(4) : isLong && !withLongValues ? value - 1 : value);
        }
    }

    private void Gossip(int replica)
    {
        if (random.Next(3) == 0)
        {
            Add(StepKind.Sync, replica, random.Next(replicas));
            return;
        }

        Add(StepKind.Send, replica, windows++, random.Next(2) == 0 ? 0 : random.Next(8), random.Next(2) + (withLongValues ? 2 : 0));
        for (int i = random.Next(4); i > 0; i--)
        {
            Deliver(random.Next(replicas));
        }
    }

    private void Deliver(int replica)
    {
        if (windows > 0)
        {
            Add(StepKind.Deliver, replica, Math.Max(0, windows - 1 - random.Next(4)), random.Next(2), random.Next(2) == 0 ? 0 : random.Next(100));
        }
    }

    private void Add(StepKind kind, int replica, int a = 0, int b = 0, int c = 0) => steps.Add(new HistoryStep(kind, replica, a, b, c));
}
