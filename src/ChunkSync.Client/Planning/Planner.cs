using System.Diagnostics;

namespace ChunkSync.Client;

/// <summary>Reads the numbers of a window's chunks in one scan.</summary>
internal static class Planner
{
    private static readonly string Sql = "SELECT " + PageNumbers.Columns + PageNumbers.Source;

    public static SendPlan Run(SyncDatabase database, in PageInputs inputs, Interruption interruption)
    {
        using ConnectionUse use = database.Use();
        using Activity? activity = Instruments.Source.StartActivity("plan");
        using SyncStatement statement = new(use.Handle, Sql);
        inputs.Bind(statement);
        List<PlannedChunk> chunks = [];
        ChunkCursor from = inputs.From;
        (long rows, long bytes, long watermark) = (0, inputs.WindowBytes, 0);
        try
        {
            while (!inputs.IsEmpty && statement.Step(interruption))
            {
                PageNumbers page = PageNumbers.Read(statement, 0);
                chunks.Add(new PlannedChunk(
                    chunks.Count, page.Rows, page.DbVersionMin, page.DbVersionMax, from, page.Next, page.WindowBytes - bytes, page.IsFinal, null));
                rows += page.Rows;
                (from, bytes, watermark) = (page.Next, page.WindowBytes, page.Watermark);
            }
        }
        catch (ChunkSyncException failure)
        {
            Instruments.Failed(activity, failure);
            throw;
        }

        NumberParts(chunks);
        SendPlan plan = new(chunks, rows, bytes - inputs.WindowBytes, watermark);
        if (activity != null)
        {
            Instruments.Tag(activity, plan.Rows, plan.Bytes);
        }

        return plan;
    }

    /// <summary>Numbers the chunks of positions that fill several by themselves: each has one row, and all but the last end inside.</summary>
    private static void NumberParts(List<PlannedChunk> chunks)
    {
        int first = 0;
        while (first < chunks.Count)
        {
            int last = first;
            while (last + 1 < chunks.Count && chunks[last] is { Rows: 1, Next.Offset: > 0 } && chunks[last + 1].Rows == 1
                && IsSamePosition(chunks[last].Next, chunks[first].Next))
            {
                last++;
            }

            bool isWhole = last > first && chunks[first].From.Offset == 0 && !IsSamePosition(chunks[last].Next, chunks[first].Next);
            for (int i = first; isWhole && i <= last; i++)
            {
                chunks[i] = chunks[i] with { Fragment = new ChunkFragment(i - first + 1, last - first + 1) };
            }

            first = last + 1;
        }
    }

    private static bool IsSamePosition(ChunkCursor left, ChunkCursor right) => left.DbVersion == right.DbVersion && left.Seq == right.Seq;
}
