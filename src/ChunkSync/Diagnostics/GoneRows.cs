using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Diagnostics;

/// <summary>D06: clocks say that rows live, and they are gone: removed unseen, they come back with the next change of theirs.</summary>
internal sealed class GoneRows() : FindingCheck("D06", Severity.Error)
{
    public override bool IsDeep => true;

    public override void Run(CheckContext context)
    {
        foreach (TrackedTable table in context.Tables.Where(table => table.Algorithm == CrdtAlgorithm.CausalLengthSet && !context.Watch.IsAltering(table)))
        {
            Find(context, table);
        }
    }

    private static void Find(CheckContext context, TrackedTable table)
    {
        using Statement keys = context.Connection.Prepare($"SELECT DISTINCT pk FROM {table.QuotedClock} WHERE typeof(pk) = 'blob' ORDER BY pk");
        using BaseRows rows = new(context.Connection, table);
        using ClockRows clocks = new(context.Connection, table);
        using KeyBuffer key = new(context.Connection);
        long count = 0;
        string? example = null;
        while (keys.Step())
        {
            key.Assign(keys.Blob(0));
            if (!rows.Has(key) && clocks.Read(key) && clocks.IsAlive && !(clocks.HasHidden && table.Filter != null) && !WaitingChanges.Has(context, table, key))
            {
                count++;
                example ??= KeyText.Describe(key.Native);
            }
        }

        if (count > 0)
        {
            context.Add(table.Name, example, count, "rows that live by their clocks are not in the table: they were removed while nothing was captured",
                CheckContext.Call("cloudsync_recapture", table.Name));
        }
    }
}
