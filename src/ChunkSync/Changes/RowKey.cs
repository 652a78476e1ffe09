using ChunkSync.Format;

namespace ChunkSync.Changes;

/// <summary>What names one clock row among those at one position: the rest of the stream's order.</summary>
/// <param name="TableOrder">The table's place by creation order.</param>
/// <param name="Key">The pk blob.</param>
/// <param name="Column">The UTF-8 column name.</param>
internal sealed record RowKey(int TableOrder, byte[] Key, byte[] Column)
{
    /// <summary>What names the current row of a source.</summary>
    public static RowKey Of(IChangeSource source)
    {
        ref readonly ChangeRow row = ref source.Current;
        return new RowKey(source.TableOrder, row.KeyBlob.ToArray(), row.ColumnName.ToArray());
    }

    /// <summary>Whether the current row of a source is that row.</summary>
    public bool Names(IChangeSource source)
    {
        ref readonly ChangeRow row = ref source.Current;
        return source.TableOrder == TableOrder && row.KeyBlob.SequenceEqual(Key) && row.ColumnName.SequenceEqual(Column);
    }
}
