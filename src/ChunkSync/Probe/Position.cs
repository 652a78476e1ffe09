namespace ChunkSync.Probe;

/// <summary>A place in a stream of changes: (db_version, seq), compared as a pair of signed 64-bit integers.</summary>
internal readonly record struct Position(long DbVersion, long Seq) : IComparable<Position>
{
    /// <summary>The position before all others.</summary>
    public static Position First => new(long.MinValue, long.MinValue);

    /// <summary>The position behind all others.</summary>
    public static Position Last => new(long.MaxValue, long.MaxValue);

    public static bool operator <(Position left, Position right) => left.CompareTo(right) < 0;

    public static bool operator >(Position left, Position right) => left.CompareTo(right) > 0;

    public static bool operator <=(Position left, Position right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Position left, Position right) => left.CompareTo(right) >= 0;

    public int CompareTo(Position other) =>
        DbVersion != other.DbVersion ? DbVersion.CompareTo(other.DbVersion) : Seq.CompareTo(other.Seq);

    /// <summary>Whether <paramref name="next"/> is the next seq of the same version, with nothing in between.</summary>
    public bool IsJustBefore(Position next) => DbVersion == next.DbVersion && Seq != long.MaxValue && next.Seq == Seq + 1;

    /// <summary>(db_version, seq) as messages show it.</summary>
    public override string ToString() => $"({DbVersion}, {Seq})";
}
