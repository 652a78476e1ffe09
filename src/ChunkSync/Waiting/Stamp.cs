using ChunkSync.Format;
using ChunkSync.Merge;

namespace ChunkSync.Waiting;

/// <summary>What decides between two changes of one cell: causal length, column version, and the value in the order of
/// <see cref="ValueOrder"/>. Of two the greater one wins, and nothing else decides; so which one is left does not depend on the order in
/// which they came.</summary>
internal static class Stamp
{
    /// <summary>Above 0 when <paramref name="left"/> wins, below 0 when <paramref name="right"/> does, 0 for equal ones.</summary>
    public static int Compare(in ChangeRow left, in ChangeRow right)
    {
        int lives = left.CausalLength.CompareTo(right.CausalLength);
        if (lives != 0)
        {
            return lives;
        }

        // Of the row itself only the causal length counts.
        if (left.IsSentinel)
        {
            return 0;
        }

        int versions = left.ColumnVersion.CompareTo(right.ColumnVersion);
        return versions != 0 ? versions : ValueOrder.Compare(left.Value, right.Value);
    }
}
