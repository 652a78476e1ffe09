namespace ChunkSync.Changes;

/// <summary>What names one clock row among those at one position: the rest of the stream's order.</summary>
/// <param name="TableOrder">The table's place by creation order.</param>
/// <param name="Key">The pk blob.</param>
/// <param name="Column">The UTF-8 column name.</param>
internal sealed record RowKey(int TableOrder, byte[] Key, byte[] Column)
{
    /// <summary>Whether <paramref name="change"/> is that row.</summary>
    public unsafe bool Names(in Change change) =>
        change.TableOrder == TableOrder
        && new ReadOnlySpan<byte>(change.Key, change.KeyLength).SequenceEqual(Key)
        && new ReadOnlySpan<byte>(change.Column, change.ColumnLength).SequenceEqual(Column);
}
