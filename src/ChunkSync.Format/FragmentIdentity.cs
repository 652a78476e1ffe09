namespace ChunkSync.Format;

/// <summary>What all parts of one value share (format B.2): the checksum of the value's encoding, and an id of 128 bits made of
/// everything that identifies the change.</summary>
internal readonly struct FragmentIdentity
{
    private const byte Separator = 0x1F;

    private FragmentIdentity(ulong high, ulong low, ulong checksum)
    {
        High = high;
        Low = low;
        Checksum = checksum;
    }

    /// <summary>The first 16 hex digits of value_id.</summary>
    public ulong High { get; }

    /// <summary>The last 16 hex digits of value_id.</summary>
    public ulong Low { get; }

    /// <summary>FNV64 of the value's whole encoding.</summary>
    public ulong Checksum { get; }

    /// <summary>Computes the identity of a change's value.</summary>
    public static FragmentIdentity Of(
        ReadOnlySpan<byte> table, ReadOnlySpan<byte> pk, ReadOnlySpan<byte> column, ReadOnlySpan<byte> site,
        long columnVersion, long dbVersion, long causalLength, long seq, ulong checksum, long totalSize)
    {
        Fnv1a64 high = new(Fnv1a64.OffsetBasis);
        high.Add(table);
        high.Add(Separator);
        high.Add(pk);
        high.Add(Separator);
        high.Add(column);
        high.Add(Separator);
        high.Add(site);
        high.Add(columnVersion);
        high.Add(dbVersion);
        high.Add(causalLength);
        high.Add(seq);
        high.Add((long)checksum);
        high.Add(totalSize);

        Fnv1a64 low = new(Fnv1a64.Prime);
        low.Add(totalSize);
        low.Add((long)checksum);
        low.Add(site);
        low.Add(column);
        low.Add(pk);
        low.Add(table);
        low.Add(seq);
        low.Add(causalLength);
        low.Add(dbVersion);
        low.Add(columnVersion);
        return new FragmentIdentity(high.Value, low.Value, checksum);
    }
}
