using ChunkSync.Format;

namespace ChunkSync.Merge;

/// <summary>Two writes of one column that met in a merge, of which one lost.</summary>
internal struct Conflict
{
    public ConflictKind Kind;

    /// <summary>The value column.</summary>
    public int Column;

    /// <summary>Whether neither writer knew of the other; otherwise the later one may have.</summary>
    public bool IsCertain;

    /// <summary>The value that lost; its bytes are the caller's.</summary>
    public WireValue Lost;
    public long LostVersion;

    /// <summary>The ordinal of the site whose value lost.</summary>
    public long LostSite;
    public long LostCausalLength;
    public long WonVersion;
    public long WonSite;
    public long WonCausalLength;

    /// <summary>The position of the received change in its sender's stream.</summary>
    public long DbVersion;
    public long Seq;
}
