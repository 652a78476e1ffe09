using System.Buffers.Binary;

namespace ChunkSync.Frontier;

/// <summary>When and where an operation was made: what operations are ordered by before their content.</summary>
/// <param name="Lamport">The clock.</param>
/// <param name="SiteHigh">The site's first eight bytes, big-endian.</param>
/// <param name="SiteLow">Its last eight.</param>
internal readonly record struct OperationStamp(long Lamport, ulong SiteHigh, ulong SiteLow) : IComparable<OperationStamp>
{
    /// <summary>Before every operation that counts.</summary>
    public static OperationStamp First => new(-TreeLimits.Top, 0, 0);

    /// <summary>Behind every operation that counts.</summary>
    public static OperationStamp Last => new(TreeLimits.Top - 1, ulong.MaxValue, ulong.MaxValue);

    /// <summary>A stamp of a clock value and the 16 bytes of a site.</summary>
    public static OperationStamp Of(long lamport, ReadOnlySpan<byte> site) =>
        new(lamport, BinaryPrimitives.ReadUInt64BigEndian(site), BinaryPrimitives.ReadUInt64BigEndian(site[8..]));

    /// <summary>Writes the site's 16 bytes.</summary>
    public void WriteSite(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt64BigEndian(target, SiteHigh);
        BinaryPrimitives.WriteUInt64BigEndian(target[8..], SiteLow);
    }

    public int CompareTo(OperationStamp other)
    {
        int order = Lamport.CompareTo(other.Lamport);
        if (order == 0)
        {
            order = SiteHigh.CompareTo(other.SiteHigh);
        }

        return order != 0 ? order : SiteLow.CompareTo(other.SiteLow);
    }

    public static bool operator <(OperationStamp left, OperationStamp right) => left.CompareTo(right) < 0;

    public static bool operator >(OperationStamp left, OperationStamp right) => left.CompareTo(right) > 0;

    public static bool operator <=(OperationStamp left, OperationStamp right) => left.CompareTo(right) <= 0;

    public static bool operator >=(OperationStamp left, OperationStamp right) => left.CompareTo(right) >= 0;
}
