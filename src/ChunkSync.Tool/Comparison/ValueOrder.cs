using System.Text;

namespace ChunkSync.Tool;

/// <summary>Which of two values of equal version a merge keeps (behaviour F.3).</summary>
internal static class ValueOrder
{
    /// <summary>Above 0 where the first one wins, below 0 where the second one does.</summary>
    public static int Compare(SqlValue a, SqlValue b)
    {
        int byType = Rank(a).CompareTo(Rank(b));
        return byType != 0 ? byType : (a.Content, b.Content) switch
        {
            (long one, long two) => one.CompareTo(two),
            (double one, double two) => one != two ? one.CompareTo(two) : double.IsNegative(two).CompareTo(double.IsNegative(one)),
            (string one, string two) => Encoding.UTF8.GetBytes(one).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(two)),
            (byte[] one, byte[] two) => one.AsSpan().SequenceCompareTo(two),
            _ => 0,
        };
    }

    private static int Rank(SqlValue value) => value.Content switch { long => 4, double => 3, string => 2, byte[] => 1, _ => 0 };
}
