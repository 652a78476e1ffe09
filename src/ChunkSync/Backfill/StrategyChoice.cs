using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>Makes the strategy that the inputs ask for, with its schedule: of the table as it is, or of the page before.</summary>
internal sealed class StrategyChoice(
    Connection connection, PlanKey key, KeySearch search, Walk walk, ProbeWalk probes, PlanInputs inputs)
{
    /// <summary>Begins, or goes on behind a page.</summary>
    public ChunkStrategy Open(ResumeToken? token)
    {
        if (inputs.IsSample && !probes.HasRowId)
        {
            throw PlanFailure.Of($"mode sample needs a rowid, and {key.Table} is WITHOUT ROWID");
        }

        if (inputs.IsSample && SampleStrategy.TryOpen(search, probes, inputs) is SampleStrategy sample)
        {
            return sample;
        }

        return inputs.Strategy switch
        {
            "temporal" => Rounded(new TemporalRounding(key.Encoding, inputs.TimeUnit)),
            "prefix" => Rounded(new PrefixRounding(key.Encoding)),
            "width" => new WidthStrategy(walk, search, inputs.TargetRows!.Value, Schedule(token)),
            _ => new QuantileStrategy(walk, search, Rule(token, out EvenSchedule schedule), schedule)
            {
                Expected = token == null && inputs.TargetBytes == null && schedule.Pieces > 0 ? schedule.Total : null,
                Connection = connection,
            },
        };
    }

    private RoundedStrategy Rounded(IRounding rounding) => new(walk, search, rounding, inputs.TargetRows!.Value, inputs.Slack);

    private EvenSchedule Schedule(ResumeToken? token)
    {
        if (token != null)
        {
            return token.Schedule;
        }

        long rows = CountRows();
        return inputs.Chunks != null ? EvenSchedule.OfChunks(rows, inputs.Chunks.Value) : EvenSchedule.OfCap(rows, inputs.TargetRows!.Value);
    }

    private ChunkRule Rule(ResumeToken? token, out EvenSchedule schedule)
    {
        if (inputs.TargetBytes is long bytes)
        {
            schedule = !inputs.IsEven ? default : token?.Schedule ?? Weigh().Schedule(bytes);
            return new ByteCap(schedule, bytes, inputs.TargetRows ?? long.MaxValue, token?.Bytes ?? 0, token?.State ?? 1);
        }

        schedule = inputs.IsEven || inputs.Chunks != null ? Schedule(token) : default;
        long cap = inputs.TargetRows ?? (schedule.Pieces == 0 ? 1 : ((schedule.Total - 1) / schedule.Pieces) + 1);
        return new RowRule(schedule, cap, token?.Rows ?? 0);
    }

    /// <summary>The number of rows; SQLite adds up what the pages say, and visits no entry.</summary>
    private long CountRows()
    {
        using Statement count = connection.Prepare("SELECT count(*) FROM " + key.QuotedTable);
        return count.Step() ? count.Int64(0) : 0;
    }

    /// <summary>The weight of all rows.</summary>
    private SumRule Weigh()
    {
        SumRule rule = new();
        walk.Open(null, null, rule);
        using KeyTuple? none = walk.Next();
        walk.Close();
        return rule;
    }
}
