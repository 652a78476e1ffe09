using ChunkSync.Tests.Host;
using ChunkSync.Tests.Merge;

namespace ChunkSync.Tests.Histories;

/// <summary>The end of every history: what is open is ended, tables get the same columns, and everybody sends everything to everybody. Then all have
/// the same rows and the same winners, and these are what the naive model makes of all that was held.</summary>
internal sealed class FinalExchange(AlteredReplica[] replicas)
{
    public void Run()
    {
        Array.ForEach(replicas, Settle);
        Dictionary<HistoryTable, string[]> columns = HistoryTable.All.ToDictionary(
            table => table, table => replicas.SelectMany(replica => replica.Columns(table)).Distinct().ToArray());
        Array.ForEach(replicas, replica => Align(replica, columns));
        List<NaiveChange> held = [.. replicas.SelectMany(replica => replica.View.Changes)];
        foreach (AlteredReplica from in replicas)
        {
            string name = "final" + from.Number;
            from.Log(Window.Sql(name, 0, own: false, small: false));
            Window all = Window.Read(from.Database, name, from.Number, 0, own: false, small: false);
            foreach (AlteredReplica to in replicas.Where(to => to != from))
            {
                for (int chunk = 0; chunk < all.Chunks.Count; chunk++)
                {
                    HistoryRunner.Take(to, all, chunk, receive: false);
                }
            }
        }

        Compare(held);
    }

    private static void Settle(AlteredReplica replica)
    {
        while (replica.InTransaction)
        {
            if (replica.MayKeep)
            {
                replica.Keep();
            }
            else
            {
                replica.CommitAlter();
            }
        }

        // What is broken by a plain RENAME cannot even be looked at.
        foreach (HistoryTable table in HistoryTable.All.Where(table => replica.Mode.Broken.Contains(table.Name)))
        {
            Maintenance.Step(replica, Step(StepKind.EmptyPair, table));
        }

        foreach (HistoryTable table in HistoryTable.All)
        {
            Maintenance.Step(replica, Step(StepKind.Enable, table));

            if (replica.Mode.Filters.ContainsKey(table.Name))
            {
                Maintenance.Step(replica, Step(StepKind.ClearFilter, table));
            }

            if (replica.Mode.Plain.Contains(table.Name))
            {
                Maintenance.Step(replica, Step(StepKind.Repair, table));
            }

            if (replica.HasNotCaptured(table))
            {
                Maintenance.Step(replica, Step(StepKind.Recapture, table) with { B = 1 });
            }
        }

        HistoryStep Step(StepKind kind, HistoryTable table) => new(kind, replica.Number, Array.IndexOf(HistoryTable.All, table));
    }

    private static void Align(AlteredReplica replica, Dictionary<HistoryTable, string[]> columns)
    {
        replica.Run("SELECT cloudsync_set('skip_schema_hash_check', '1')");
        foreach ((HistoryTable table, string[] all) in columns)
        {
            string[] missing = [.. all.Except(replica.Columns(table))];
            if (missing.Length == 0)
            {
                continue;
            }

            replica.BeginAlter(table);
            foreach (string column in missing)
            {
                replica.Run($"ALTER TABLE {table.Name} ADD COLUMN {HistoryTable.Declare(column, replica.Number)}");
            }

            replica.CommitAlter();
        }
    }

    private void Compare(List<NaiveChange> held)
    {
        NaiveReplica union = new();
        union.Merge(held);
        NaiveReplica first = new();
        first.Merge(replicas[0].View.Changes);
        foreach (AlteredReplica replica in replicas)
        {
            HashSet<(string, string)> excused = [.. replica.NotCaptured, .. replicas[0].NotCaptured];
            foreach (((string, string) row, string text) in ViewComparison.Rows(first, replica.View).Concat(ViewComparison.Clocks(first, replica.View)))
            {
                if (!excused.Contains(row))
                {
                    throw new HistoryFailureException($"replicas differ at the end: r{replica.Number} beside r0: {text}");
                }
            }

            if (!Equals(replica.Database.Scalar("SELECT * FROM pragma_integrity_check"), "ok"))
            {
                throw new HistoryFailureException("the database is damaged: r" + replica.Number);
            }
        }

        foreach (((string table, string key) at, NaiveRow row) in union.Rows)
        {
            NaiveRow found = first[at.table, at.key];
            if (found.CausalLength != row.CausalLength)
            {
                throw new HistoryFailureException(
                    $"a change is lost in the exchange: {at} has causal length {found.CausalLength}, and should have {row.CausalLength}");
            }

            foreach ((string column, (long version, object? value)) in row.Columns)
            {
                (long Version, object? Value) known = found.Columns.GetValueOrDefault(column);
                if (known.Version != version || (version > 0 && !ViewComparison.Same(known.Value, value)))
                {
                    throw new HistoryFailureException($"a change is lost in the exchange: {at} {column} has version {known.Version} of"
                        + $" {HistoryValues.Describe(known.Value)}, and should have {version} of {HistoryValues.Describe(value)}");
                }
            }
        }
    }
}
