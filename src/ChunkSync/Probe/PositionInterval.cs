namespace ChunkSync.Probe;

/// <summary>Positions from <paramref name="From"/> to <paramref name="To"/>, both included.</summary>
/// <param name="From">The first position.</param>
/// <param name="To">The last position.</param>
internal readonly record struct PositionInterval(Position From, Position To)
{
    public bool Contains(Position position) => From <= position && position <= To;
}
