namespace ChunkSync.Catalog;

/// <summary>What one folder keeps about each tracked table, made at its first use. It lives as long as the table's object, which the next
/// change of the schema replaces.</summary>
/// <param name="make">Makes the part; null where a table has none.</param>
internal sealed class TablePart<T>(Func<TrackedTable, T?> make)
    where T : class, IDisposable
{
    private (TrackedTable? Table, T? Part)[] parts = [];

    /// <summary>The part of a table; a comparison where it was made before.</summary>
    public T? Of(TrackedTable table)
    {
        int place = table.CreationOrder;
        return place < parts.Length && ReferenceEquals(parts[place].Table, table) ? parts[place].Part : Make(table);
    }

    private T? Make(TrackedTable table)
    {
        T? part = make(table);
        if (part != null)
        {
            table.Own(part);
        }

        int place = table.CreationOrder;
        if (place >= parts.Length)
        {
            Array.Resize(ref parts, place + 1);
        }

        parts[place] = (table, part);
        return part;
    }
}
