namespace ChunkSync.Format;

/// <summary>One change: the nine values of a change row (see <see cref="ChangeRowCodec"/>). Addresses belong to what it was read from,
/// a payload, a statement or the arguments of an INSERT, and are valid as long as that stays in place.</summary>
internal unsafe struct ChangeRow
{
    /// <summary>UTF-8 name of the table.</summary>
    public byte* Table;
    public int TableLength;

    /// <summary>The primary-key blob (format H).</summary>
    public byte* Key;
    public int KeyLength;

    /// <summary>UTF-8 name of the column, or that of the sentinel (see <see cref="SentinelColumn"/>); null for NULL, which is the sentinel too.</summary>
    public byte* Column;
    public int ColumnLength;

    /// <summary>The column's value. A TEXT or BLOB of a stream can be read in pieces only: see <see cref="WireValue.IsElsewhere"/>.</summary>
    public WireValue Value;

    public long ColumnVersion;
    public long DbVersion;

    /// <summary>The id of the site that made the change.</summary>
    public byte* Site;
    public int SiteLength;

    /// <summary>The row's causal length.</summary>
    public long CausalLength;
    public long Seq;

    public readonly ReadOnlySpan<byte> TableName => new(Table, TableLength);

    /// <summary>The primary-key blob where it lies.</summary>
    public readonly NativeBytes KeyBytes => new(Key, KeyLength);

    public readonly ReadOnlySpan<byte> KeyBlob => new(Key, KeyLength);

    public readonly ReadOnlySpan<byte> ColumnName => new(Column, ColumnLength);

    public readonly ReadOnlySpan<byte> SiteId => new(Site, SiteLength);

    /// <summary>Whether the change is about the row as a whole.</summary>
    public readonly bool IsSentinel => Column == null || ColumnName.SequenceEqual(SentinelColumn.Utf8);

    /// <summary>The seq that is stored.</summary>
    public readonly long StoredSeq => Math.Clamp(Seq, 0, VersionLimits.MaxSeq);

    /// <summary>Whether the numbers leave the clocks that take them room to go on (see <see cref="VersionLimits"/>).</summary>
    public readonly bool HasSoundNumbers => DbVersion < VersionLimits.DbVersionEnd && (ulong)ColumnVersion < VersionLimits.ColumnVersionEnd
        && (ulong)CausalLength <= VersionLimits.MaxCausalLength;
}
