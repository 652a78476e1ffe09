namespace ChunkSync.Format;

/// <summary>The bounds of the numbers that come with a change. What is refused lies far above what is taken for a step: no number that
/// is accepted brings the local clock, a column's version or a row's causal length to where the next one is refused everywhere.</summary>
internal static class VersionLimits
{
    private const long Refused = 1L << 62;
    private const long Reached = 1L << 61;

    /// <summary>The db_version of clocks that are not sent, because their row is outside the table's filter: every stream begins at 1.</summary>
    public const long Hidden = 0;

    /// <summary>db_versions from here on are refused, and the local clock ends before it.</summary>
    public const long DbVersionEnd = Refused;

    /// <summary>A received db_version from here on does not move the local clock: the change gets a local one, as every change does
    /// whose db_version is not above the clock.</summary>
    public const long ClockReach = Reached;

    /// <summary>col_versions from here on are refused.</summary>
    public const long ColumnVersionEnd = Refused;

    /// <summary>A local write does not raise a col_version from here on: the row begins a new life, in which its columns count from
    /// 1.</summary>
    public const long ColumnVersionReach = Reached;

    /// <summary>The highest causal length. It is even: the last thing that a row can be is deleted.</summary>
    public const long MaxCausalLength = Reached;

    /// <summary>How many bits the rowid of <c>cloudsync_changes</c> has for the seq, below the db_version.</summary>
    public const int SeqBits = 30;

    /// <summary>The highest seq that is stored: the most that the rowid has room for. Nothing is decided by a seq,
    /// so that one outside is stored as the nearest inside.</summary>
    public const long MaxSeq = (1L << SeqBits) - 1;

    /// <summary>A position's seq and offset, as arguments of functions, are below this.</summary>
    public const long PositionEnd = Refused;
}
