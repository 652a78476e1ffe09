using ChunkSync.Payload;

namespace ChunkSync.Merge;

/// <summary>One change of another replica, as it came: addresses belong to the payload or to the arguments of an INSERT.</summary>
internal unsafe struct IncomingChange
{
    public byte* Table;
    public int TableLength;
    public byte* Key;
    public int KeyLength;

    /// <summary>The column's name; null for the sentinel.</summary>
    public byte* Column;
    public int ColumnLength;
    public WireValue Value;
    public long ColumnVersion;
    public long DbVersion;
    public byte* Site;
    public int SiteLength;
    public long CausalLength;
    public long Seq;

    public readonly ReadOnlySpan<byte> TableName => new(Table, TableLength);

    public readonly ReadOnlySpan<byte> KeyBlob => new(Key, KeyLength);

    public readonly ReadOnlySpan<byte> ColumnName => new(Column, ColumnLength);

    public readonly ReadOnlySpan<byte> SiteId => new(Site, SiteLength);

    /// <summary>Whether the change is about the row as a whole.</summary>
    public readonly bool IsSentinel => Column == null || ColumnName.SequenceEqual("__[RIP]__"u8);
}
