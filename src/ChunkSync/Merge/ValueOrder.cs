using ChunkSync.Format;

namespace ChunkSync.Merge;

/// <summary>The total order of values that decides between equal column versions (behaviour F.3): INTEGER above REAL above TEXT above BLOB
/// above NULL; numbers by value, bytes by value and then by length.</summary>
/// <remarks>sqlite-sync 1.1.4 compares text up to its first NUL, so that replicas keep different values without end when only what
/// follows differs. Here those bytes count, with the one exception that its recorded merges leave: a text equals the same text
/// with a NUL and more behind it.</remarks>
internal static class ValueOrder
{
    /// <summary>Above 0 when <paramref name="left"/> wins, below 0 when <paramref name="right"/> does.</summary>
    public static int Compare(in WireValue left, in WireValue right)
    {
        int rank = Rank(left.Kind) - Rank(right.Kind);
        if (rank != 0)
        {
            return rank;
        }

        return left.Kind switch
        {
            WireKind.Integer => left.Integer.CompareTo(right.Integer),
            WireKind.Real => CompareReal(left.Real, right.Real),
            WireKind.Null => 0,
            WireKind.Text => CompareText(left.Bytes, right.Bytes),
            _ => left.Bytes.SequenceCompareTo(right.Bytes),
        };
    }

    /// <summary>As numbers; equal numbers by their bits, so that 0.0 and -0.0 have one winner everywhere.</summary>
    private static int CompareReal(double left, double right)
    {
        int order = left.CompareTo(right);
        return order != 0 ? order : BitConverter.DoubleToUInt64Bits(right).CompareTo(BitConverter.DoubleToUInt64Bits(left));
    }

    private static int CompareText(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        int shorter = Math.Min(left.Length, right.Length);
        ReadOnlySpan<byte> longer = left.Length > shorter ? left : right;
        bool sameUpToNul = left.Length != right.Length && longer[shorter] == 0 && left[..shorter].SequenceEqual(right[..shorter])
            && !left[..shorter].Contains((byte)0);
        return sameUpToNul ? 0 : left.SequenceCompareTo(right);
    }

    private static int Rank(WireKind kind) => kind switch
    {
        WireKind.Integer => 4,
        WireKind.Real => 3,
        WireKind.Text => 2,
        WireKind.Blob => 1,
        _ => 0,
    };
}
