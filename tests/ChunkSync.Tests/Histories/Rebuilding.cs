namespace ChunkSync.Tests.Histories;

/// <summary>SQLite's recipe for what ALTER TABLE cannot do: a new table, a copy of the rows, DROP, RENAME; and then
/// <c>cloudsync_recapture</c>.</summary>
internal static class Rebuilding
{
    /// <summary>Rebuilds a table.</summary>
    /// <param name="replica">The replica.</param>
    /// <param name="table">The table.</param>
    /// <param name="step">B: 1 leaves a column out, 2 puts one in, 4 turns the order round. C: 1 in a transaction of its own where there is none,
    /// 2 a row is written before the recapture, 4 'values', 8 with DELETE instead of a write.</param>
    public static void Run(AlteredReplica replica, HistoryTable table, HistoryStep step)
    {
        IReadOnlyList<string> before = replica.Columns(table);
        List<string> stay = [.. before];
        string? needed = replica.Mode.FilterColumns.GetValueOrDefault(table.Name);
        if ((step.B & 1) != 0)
        {
            stay.Remove(before.LastOrDefault(column => column != needed) ?? "");
        }

        string[] added = (step.B & 2) == 0 ? [] : [.. table.Pool.Except(before).Take(1)];
        List<string> after = [.. stay, .. added];
        if ((step.B & 4) != 0)
        {
            after.Reverse();
        }

        bool isAltering = replica.Mode.Altering != null;
        bool owns = (step.C & 1) != 0 && !replica.InTransaction;
        if (owns)
        {
            replica.Begin("transaction");
        }

        replica.Mode.Rebuilt = true;
        string copied = string.Join(", ", table.Keys.Concat(stay));
        replica.Run(table.Create("rebuilt", after.Select(column => HistoryTable.Declare(column, replica.Number))));
        replica.Run($"INSERT INTO rebuilt({copied}) SELECT {copied} FROM {table.Name}");
        replica.Run($"DROP TABLE {table.Name}");
        replica.Run($"ALTER TABLE rebuilt RENAME TO {table.Name}");
        bool writes = (step.C & 2) != 0;
        if (writes)
        {
            replica.Run((step.C & 8) != 0
                ? $"DELETE FROM {table.Name} WHERE {table.Where(step.C / 16)}"
                : $"INSERT OR REPLACE INTO {table.Name}({string.Join(", ", table.Keys)}) VALUES ({string.Join(", ", table.Key(step.C / 16))})");
        }

        if (isAltering)
        {
            // commit_alter does the rest.
            return;
        }

        bool values = (step.C & 4) != 0;
        replica.Mode.Mend(table);
        replica.Run($"SELECT cloudsync_recapture('{table.Name}'{(values ? ", 'values'" : "")})");
        replica.Look(StepEffect.Maintenance | (writes && !values ? StepEffect.Silent : StepEffect.None));
        if (owns)
        {
            replica.Keep();
        }
    }
}
