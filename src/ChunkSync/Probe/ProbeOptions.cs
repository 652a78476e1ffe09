namespace ChunkSync.Probe;

/// <summary>The inputs of a probe besides its source and set.</summary>
internal sealed record ProbeOptions
{
    public const long DefaultMaxSize = 5_242_880;
    public const long LargestMaxSize = 33_554_432;
    public const long DefaultMaxExpanded = 268_435_456;

    /// <summary>Where to go on: a chunk and a row of it; null for the begin of the chain.</summary>
    public (long Chunk, long Row)? Resume { get; init; }

    /// <summary>The longest output in bytes, uncompressed, with its header; a single longer row goes out alone.</summary>
    public long MaxSize { get; init; } = DefaultMaxSize;

    /// <summary>Whether new payloads are compressed.</summary>
    public bool Compress { get; init; } = true;

    /// <summary>Whether the rows that do not match are wanted.</summary>
    public bool Invert { get; init; }

    /// <summary>Whether a value that is not whole is an error.</summary>
    public bool StrictFragments { get; init; }

    /// <summary>What the caller promises about the chain.</summary>
    public ChainOrder Order { get; init; }

    /// <summary>The chunks that a key table names; null without one. The scan disposes it.</summary>
    public CoveredOrdinals? Covered { get; init; }

    /// <summary>Whether damaged chunks are left out and counted.</summary>
    public bool SkipDamaged { get; init; }

    /// <summary>0: checksums are not looked at; 1: of opened chunks; 2: of those passed through, too.</summary>
    public int Verify { get; init; } = 1;

    /// <summary>The longest body that memory is taken for.</summary>
    public long MaxExpanded { get; init; } = DefaultMaxExpanded;

    /// <summary>Whether payloads are read at all; without it nothing is copied or compressed.</summary>
    public bool NeedsPayload { get; init; } = true;
}
