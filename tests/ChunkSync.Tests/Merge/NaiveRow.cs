namespace ChunkSync.Tests.Merge;

/// <summary>What the naive model knows of one key: how often it was created and deleted, and each column's version and value.</summary>
internal sealed class NaiveRow
{
    /// <summary>0: never heard of; odd: alive; even: deleted.</summary>
    public long CausalLength { get; set; }

    public Dictionary<string, (long Version, object? Value)> Columns { get; private init; } = [];

    public bool IsAlive => CausalLength % 2 == 1;

    public NaiveRow Copy() => new() { CausalLength = CausalLength, Columns = new(Columns) };
}
