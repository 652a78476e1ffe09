using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>Table names with ASCII letters in lower case, the form in which probes and indexes hold them.</summary>
internal static unsafe class FoldedName
{
    /// <summary>Writes the folded form of a name of <paramref name="length"/> bytes.</summary>
    public static void Write(byte* target, byte* name, int length)
    {
        for (int i = 0; i < length; i++)
        {
            target[i] = AsciiNames.Lower(name[i]);
        }
    }

    /// <summary>Whether the name has no letter left to fold.</summary>
    public static bool IsFolded(ReadOnlySpan<byte> name) => !name.ContainsAnyInRange((byte)'A', (byte)'Z');

    /// <summary>Compares a name, folded on the way, with a folded one by bytes.</summary>
    public static int Compare(ReadOnlySpan<byte> name, ReadOnlySpan<byte> folded)
    {
        int common = Math.Min(name.Length, folded.Length);
        for (int i = 0; i < common; i++)
        {
            int difference = AsciiNames.Lower(name[i]) - folded[i];
            if (difference != 0)
            {
                return difference;
            }
        }

        return name.Length - folded.Length;
    }
}
