using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Diagnostics;

/// <summary>D07: rows that no clock knows: they are never sent.</summary>
internal sealed class RowsWithoutClocks() : FindingCheck("D07", Severity.Error)
{
    public override bool IsDeep => true;

    public override void Run(CheckContext context)
    {
        foreach (TrackedTable table in context.Tables.Where(table => !table.HasPendingRows && table.KeyColumns.Length > 0 && !context.Watch.IsAltering(table)))
        {
            Find(context, table);
        }
    }

    private static void Find(CheckContext context, TrackedTable table)
    {
        using Statement rows = context.Connection.Prepare(ExistingRows.Select(table, []));
        using ClockRows clocks = new(context.Connection, table);
        using KeyBuffer key = new(context.Connection);
        long count = 0;
        string? example = null;
        while (rows.Step())
        {
            if (key.TryRead(rows, table.KeyColumns.Length) && !(clocks.Read(key) && clocks.IsAlive) && !WaitingChanges.Has(context, table, key))
            {
                count++;
                example ??= KeyText.Describe(key.Native);
            }
        }

        if (count > 0)
        {
            context.Add(table.Name, example, count, "rows of the table have no clocks: they were written while nothing was captured, and are not sent",
                CheckContext.Call("cloudsync_recapture", table.Name));
        }
    }
}
