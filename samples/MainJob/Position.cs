namespace ChunkSync.Samples.MainJob;

/// <summary>A position in a replica's stream.</summary>
internal readonly record struct Position(long DbVersion, long Seq, long Offset) : IComparable<Position>
{
    public int CompareTo(Position other) => (DbVersion, Seq, Offset).CompareTo((other.DbVersion, other.Seq, other.Offset));
}
