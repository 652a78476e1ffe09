using System.Text;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

/// <summary>The order that decides between values of equal version: INTEGER, REAL, TEXT, BLOB, NULL from the greatest to the least kind;
/// numbers by value with -0.0 below 0.0, bytes by value and then by length.</summary>
internal sealed class NaiveOrder : IComparer<object?>
{
    public static NaiveOrder Instance { get; } = new();

    public int Compare(object? x, object? y)
    {
        int kind = Kind(x).CompareTo(Kind(y));
        return kind != 0 ? kind : (x, y) switch
        {
            (long left, long right) => left.CompareTo(right),
            (double left, double right) => left < right || (left == right && double.IsNegative(left) && !double.IsNegative(right)) ? -1
                : left > right || (left == right && double.IsNegative(right) && !double.IsNegative(left)) ? 1 : 0,
            (null, null) => 0,
            _ => Bytes(x!).AsSpan().SequenceCompareTo(Bytes(y!)),
        };
    }

    private static int Kind(object? value) => value switch
    {
        long => 4,
        double => 3,
        string or RawText => 2,
        byte[] => 1,
        _ => 0,
    };

    private static byte[] Bytes(object value) => value switch
    {
        string text => Encoding.UTF8.GetBytes(text),
        RawText raw => raw.Bytes,
        _ => (byte[])value,
    };
}
