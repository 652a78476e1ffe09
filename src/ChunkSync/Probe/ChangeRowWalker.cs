using ChunkSync.Format;

namespace ChunkSync.Probe;

/// <summary>Goes through the encoded change rows of a body (format A.3): knows where each begins and ends and what probes look at, and passes
/// over the rest undecoded. Everything is checked on the way, so that what was walked can be decoded.</summary>
internal unsafe struct ChangeRowWalker
{
    private readonly byte* body;
    private readonly byte* end;

    /// <summary>The last place with <see cref="UsualForm.Room"/> behind it.</summary>
    private readonly byte* limit;
    private byte* current;
    private byte* next;

    public ChangeRowWalker(byte* body, long length)
    {
        this.body = body;
        end = body + Math.Max(length, 0);
        limit = end - Math.Min(UsualForm.Room, end - body + 1);
        current = body;
        next = body;
        Row = -1;
    }

    /// <summary>The current row's number, from 0; -1 before the first.</summary>
    public long Row { get; private set; }

    /// <summary>Where it begins in the body.</summary>
    public readonly long Offset => current - body;

    /// <summary>Its encoded length.</summary>
    public readonly long Length => next - current;

    /// <summary>tbl as it is written.</summary>
    public byte* Table;
    public int TableLength;

    public byte* Key;
    public int KeyLength;

    /// <summary>col_name; null when it is neither TEXT nor BLOB.</summary>
    public byte* Column;
    public int ColumnLength;

    /// <summary>Where col_value begins in the body.</summary>
    public long ValueOffset { get; private set; }

    public byte* Site;
    public int SiteLength;

    public Position Position { get; private set; }

    public readonly ReadOnlySpan<byte> TableName => new(Table, TableLength);

    public readonly ReadOnlySpan<byte> KeyBlob => new(Key, KeyLength);

    public readonly ReadOnlySpan<byte> ColumnName => new(Column, ColumnLength);

    public readonly ReadOnlySpan<byte> SiteId => new(Site, SiteLength);

    /// <summary>The first byte of the current row.</summary>
    public readonly byte* Data => current;

    /// <summary>Bytes behind the current row.</summary>
    public readonly long Remaining => end - next;

    /// <summary>Goes to the next row; the caller knows from the header that there is one.</summary>
    /// <exception cref="DamagedChunkException">The row is malformed.</exception>
    public void Next()
    {
        Row++;
        current = next;
        if (!TryNextUsual())
        {
            NextChecked();
        }
    }

    /// <summary>Checks that nothing stands behind the last row.</summary>
    /// <exception cref="DamagedChunkException">Something does.</exception>
    public readonly void CheckEnd()
    {
        if (Remaining != 0)
        {
            throw new DamagedChunkException($"{Remaining} bytes behind the last row");
        }
    }

    /// <summary>A row whose values all have their usual form; false, with nothing to rely on, when one has not.</summary>
    private bool TryNextUsual()
    {
        byte* at = current;
        byte* last = limit;
        if (!UsualForm.TryBytes(ref at, last, out Table, out TableLength) || !UsualForm.TryBytes(ref at, last, out Key, out KeyLength)
            || !UsualForm.TryBytes(ref at, last, out Column, out ColumnLength))
        {
            return false;
        }

        ValueOffset = at - body;
        if (!UsualForm.TrySkip(ref at, last) || !UsualForm.TrySkipNumber(ref at, last) || !UsualForm.TryInteger(ref at, last, out long dbVersion)
            || !UsualForm.TryBytes(ref at, last, out Site, out SiteLength) || !UsualForm.TrySkipNumber(ref at, last)
            || !UsualForm.TryInteger(ref at, last, out long seq))
        {
            return false;
        }

        Position = new Position(dbVersion, seq);
        next = at;
        return true;
    }

    private void NextChecked()
    {
        ValueReader reader = new(current, end - current);
        if (!ChangeRowCodec.TryRead(ref reader, ChangeRowUse.Probe, out ChangeRow row, out ChangeRowFault fault))
        {
            throw new DamagedChunkException(fault.Describe(Row, Offset));
        }

        Table = row.Table;
        TableLength = row.TableLength;
        Key = row.Key;
        KeyLength = row.KeyLength;
        Column = row.Column;
        ColumnLength = row.ColumnLength;
        Site = row.Site;
        SiteLength = row.SiteLength;
        Position = new Position(row.DbVersion, row.Seq);
        next = current + reader.Offset;

        // The value begins behind the col_name, which may be anything.
        byte* name = row.Key + row.KeyLength;
        ValueReader value = new(name, next - name);
        value.TrySkip();
        ValueOffset = name + value.Offset - body;
    }
}
