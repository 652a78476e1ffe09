namespace ChunkSync.Merge;

/// <summary>A row that foreign keys will reach, in <see cref="ReachedRows"/>; its identity and its values follow.</summary>
internal struct ReachedRow
{
    /// <summary>The row that was reached before; -1 for the first one.</summary>
    public long Previous;

    /// <summary>The next row that has something to be followed; -1 for the last one.</summary>
    public long Next;

    /// <summary>What happens to the row and has not been followed: bits of the table's watched columns, and
    /// <see cref="ReferenceTable.Deleted"/>.</summary>
    public ulong Pending;

    /// <summary>What happens to it and has been followed.</summary>
    public ulong Followed;

    /// <summary>The watched columns that are written by the merge itself.</summary>
    public ulong Merged;

    /// <summary>The rowid, where that goes on naming the row when its key changes.</summary>
    public long RowId;

    /// <summary>The number of its table.</summary>
    public int Table;
    public int IdentityLength;
    public int ValuesLength;

    /// <summary>Whether it is the merged row itself.</summary>
    public bool IsOwn;

    /// <summary>Whether it matches its table's filter.</summary>
    public bool IsCaptured;

    /// <summary>Whether it waits to be followed.</summary>
    public bool IsQueued;
}
