using ChunkSync.Format;

namespace ChunkSync.Probe;

/// <summary>Decides from a chunk's facts whether none, some or all of its rows are wanted. What an index does not say is never guessed.</summary>
/// <param name="Verdict">The decision.</param>
/// <param name="Reason">Why, as <c>cloudsync_payload_probe_plan</c> shows it.</param>
internal readonly unsafe record struct ProbeDecision(Verdict Verdict, string Reason)
{
    /// <summary>Decides for one chunk.</summary>
    public static ProbeDecision Of(in ChunkFacts facts, ProbeSet set)
    {
        if (facts.Header.Rows == 0 || set.IsEmpty)
        {
            return new ProbeDecision(Verdict.None, "empty");
        }

        if (set.IsAll)
        {
            return new ProbeDecision(Verdict.All, "covered");
        }

        bool every = true;
        ReadOnlySpan<ProbeDecision> axes = [Where(facts, set), What(facts, set), Who(facts, set)];
        foreach (ProbeDecision axis in axes)
        {
            if (axis.Verdict == Verdict.None)
            {
                return axis;
            }

            every &= axis.Verdict == Verdict.All;
        }

        return every ? new ProbeDecision(Verdict.All, "covered") : new ProbeDecision(Verdict.Some, facts.Level == 0 ? "no index" : "mixed");
    }

    /// <summary>The same with the rows that are not wanted.</summary>
    public ProbeDecision Invert() => Verdict switch
    {
        Verdict.None => this with { Verdict = Verdict.All },
        Verdict.All => this with { Verdict = Verdict.None },
        _ => this,
    };

    private static ProbeDecision Where(in ChunkFacts facts, ProbeSet set)
    {
        if (!set.HasWhere)
        {
            return new ProbeDecision(Verdict.All, "");
        }

        if (facts.Span is not PositionInterval span)
        {
            return new ProbeDecision(Verdict.Some, "");
        }

        return !set.Intervals.Touches(span) ? new ProbeDecision(Verdict.None, "positions")
            : new ProbeDecision(set.Intervals.Covers(span) ? Verdict.All : Verdict.Some, "");
    }

    private static ProbeDecision What(in ChunkFacts facts, ProbeSet set)
    {
        if (!set.HasWhat)
        {
            return new ProbeDecision(Verdict.All, "");
        }

        if (set.Tables.Count == 0 && facts.FirstKey is EntityKey first && facts.LastKey is EntityKey last)
        {
            int next = set.Entities.FirstNotBefore(first);
            if (next == set.Entities.Count || set.Entities[next].CompareTo(last) > 0)
            {
                return new ProbeDecision(Verdict.None, "entities");
            }
        }

        if (facts.Tables == null)
        {
            return new ProbeDecision(Verdict.Some, "");
        }

        bool anyWhole = false;
        bool allWhole = true;
        bool anyEntity = false;
        bool anyHash = false;
        ValueReader reader = new(facts.Tables, facts.TablesLength);
        while (reader.TryReadBytes(out byte* name, out int length))
        {
            ReadOnlySpan<byte> table = new(name, length);
            bool whole = set.Tables.Find(table) >= 0;
            anyWhole |= whole;
            allWhole &= whole;
            int entityTable = whole ? -1 : set.Entities.Tables.Find(table);
            anyEntity |= entityTable >= 0;
            anyHash |= entityTable >= 0 && (facts.Hashes == null || set.Entities.AnyIn(entityTable, facts.Hashes, facts.HashCount));
        }

        if (!anyWhole && !anyEntity)
        {
            return new ProbeDecision(Verdict.None, "tables");
        }

        return !anyWhole && !anyHash ? new ProbeDecision(Verdict.None, "entities")
            : new ProbeDecision(allWhole ? Verdict.All : Verdict.Some, "");
    }

    private static ProbeDecision Who(in ChunkFacts facts, ProbeSet set)
    {
        if (!set.HasWho)
        {
            return new ProbeDecision(Verdict.All, "");
        }

        if (facts.Sites == null)
        {
            return new ProbeDecision(Verdict.Some, "");
        }

        bool any = false;
        bool every = true;
        ValueReader reader = new(facts.Sites, facts.SitesLength);
        while (reader.TryReadBytes(out byte* id, out int length))
        {
            bool known = set.Sites.Find(new ReadOnlySpan<byte>(id, length)) >= 0;
            any |= known;
            every &= known;
        }

        return any ? new ProbeDecision(every ? Verdict.All : Verdict.Some, "") : new ProbeDecision(Verdict.None, "sites");
    }
}
