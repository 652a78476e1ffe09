namespace ChunkSync.Backfill;

/// <summary>Where one chunk ends and the next begins: leading key values and a side. Before: rows at or behind the values go to the next
/// chunk. After: rows equal to them stay.</summary>
internal sealed class Cut(KeyTuple values, bool isAfter) : ICutShape, IDisposable
{
    /// <summary>The values; the cut owns them.</summary>
    public KeyTuple Values { get; } = values;

    /// <inheritdoc/>
    public int Length => Values.Length;

    /// <inheritdoc/>
    public bool IsAfter { get; } = isAfter;

    /// <inheritdoc/>
    public bool IsNull(int column) => Values[column].IsNull;

    /// <summary>A copy that lives on its own.</summary>
    public Cut Copy() => new(Values.Take(Length), IsAfter);

    public void Dispose() => Values.Dispose();
}
