namespace ChunkSync.Sqlite;

/// <summary>One scan of a <see cref="VirtualTable"/>, in the order of its life: open, filter, (column, next)…, close.</summary>
internal abstract unsafe class VirtualCursor
{
    /// <summary><c>xFilter</c>: starts a scan; may be called again on the same cursor.</summary>
    public abstract void Filter(int indexNumber, byte* indexString, int count, nint* arguments);

    /// <summary><c>xNext</c>.</summary>
    public abstract void Next();

    /// <summary><c>xEof</c>.</summary>
    public abstract bool Eof { get; }

    /// <summary><c>xColumn</c>: sets the result of <paramref name="context"/> to the value of <paramref name="column"/>.</summary>
    public abstract void Column(nint context, int column);

    /// <summary><c>xRowid</c>.</summary>
    public abstract long RowId { get; }

    /// <summary><c>xClose</c>.</summary>
    public virtual void Close()
    {
    }
}
