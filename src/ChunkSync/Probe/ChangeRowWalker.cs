using ChunkSync.Payload;

namespace ChunkSync.Probe;

/// <summary>Goes through the encoded change rows of a body (format A.3): knows where each begins and ends and what probes look at, and passes
/// over the rest undecoded. Everything is checked on the way, so that what was walked can be decoded.</summary>
internal unsafe struct ChangeRowWalker
{
    private readonly byte* body;
    private PayloadReader reader;

    public ChangeRowWalker(byte* body, long length)
    {
        this.body = body;
        reader = new PayloadReader(body, length);
        Row = -1;
    }

    /// <summary>The current row's number, from 0; -1 before the first.</summary>
    public long Row { get; private set; }

    /// <summary>Where it begins in the body.</summary>
    public long Offset { get; private set; }

    /// <summary>Its encoded length.</summary>
    public readonly long Length => reader.Offset - Offset;

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
    public readonly byte* Data => body + Offset;

    /// <summary>Bytes behind the current row.</summary>
    public readonly long Remaining => reader.Remaining;

    /// <summary>Goes to the next row; the caller knows from the header that there is one.</summary>
    /// <exception cref="DamagedChunkException">The row is malformed.</exception>
    public void Next()
    {
        Row++;
        Offset = reader.Offset;
        ReadBytes(out Table, out TableLength, "tbl");
        ReadBytes(out Key, out KeyLength, "pk");
        if (!reader.TryReadBytes(out Column, out ColumnLength))
        {
            Skip();
        }

        ValueOffset = reader.Offset;
        Skip();
        Skip();
        long dbVersion = ReadInteger("db_version");
        ReadBytes(out Site, out SiteLength, "site_id");
        Skip();
        Position = new Position(dbVersion, ReadInteger("seq"));
    }

    /// <summary>Checks that nothing stands behind the last row.</summary>
    /// <exception cref="DamagedChunkException">Something does.</exception>
    public readonly void CheckEnd()
    {
        if (reader.Remaining != 0)
        {
            throw new DamagedChunkException($"{reader.Remaining} bytes behind the last row");
        }
    }

    private void Skip()
    {
        if (!reader.TrySkip())
        {
            throw Undecodable();
        }
    }

    private void ReadBytes(out byte* data, out int length, string field)
    {
        if (!reader.TryReadBytes(out data, out length))
        {
            Skip();
            throw new DamagedChunkException($"{field} of row {Row} is neither TEXT nor BLOB");
        }
    }

    private long ReadInteger(string field)
    {
        if (!reader.TryReadInteger(out long number))
        {
            Skip();
            throw new DamagedChunkException($"{field} of row {Row} is not an INTEGER");
        }

        return number;
    }

    private readonly DamagedChunkException Undecodable() => new($"row {Row} cannot be decoded at offset {reader.Offset}");
}
