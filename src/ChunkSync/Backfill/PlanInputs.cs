using ChunkSync.Format;

namespace ChunkSync.Backfill;

/// <summary>What a plan was asked for, checked.</summary>
internal sealed record PlanInputs(string Table, string Schema)
{
    public const long DefaultRows = 10_000;
    public const double DefaultSlack = 0.25;

    /// <summary>The most rows of a chunk; null when bytes or a number of chunks are given instead.</summary>
    public long? TargetRows { get; init; }

    /// <summary>The most bytes of a chunk.</summary>
    public long? TargetBytes { get; init; }

    /// <summary>The number of chunks.</summary>
    public long? Chunks { get; init; }

    /// <summary>The index to follow; null for storage order.</summary>
    public string? OrderBy { get; init; }

    /// <summary>quantile, temporal, prefix or width.</summary>
    public string Strategy { get; init; } = "quantile";

    /// <summary>Whether chunks shall be equal, and not as full as can be.</summary>
    public bool IsEven { get; init; }

    /// <summary>Whether estimates are enough.</summary>
    public bool IsSample { get; init; }

    /// <summary>The part of a chunk that may be given up for a round boundary.</summary>
    public double Slack { get; init; } = DefaultSlack;

    /// <summary>s, ms, us, ns or julian; null to guess.</summary>
    public string? TimeUnit { get; init; }

    /// <summary>Hash of everything but what the schema says.</summary>
    public ulong Hash(PlanKey key)
    {
        Fnv1a64 hash = new(Fnv1a64.OffsetBasis);
        hash.Add((byte)ResumeToken.Version);
        TableFacts.AddText(ref hash, key.Schema);
        TableFacts.AddText(ref hash, key.Table);
        TableFacts.AddText(ref hash, key.Index ?? "");
        hash.Add(key.Index == null ? 0L : 1);
        hash.Add(TargetRows ?? 0);
        hash.Add(TargetBytes ?? 0);
        hash.Add(Chunks ?? 0);
        TableFacts.AddText(ref hash, Strategy);
        hash.Add(IsEven ? 1L : 0);
        hash.Add(IsSample ? 1L : 0);
        hash.Add(BitConverter.DoubleToInt64Bits(Slack));
        TableFacts.AddText(ref hash, TimeUnit ?? "");
        return hash.Value;
    }
}
