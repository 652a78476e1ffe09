using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>Finds out which columns of an altered table got another name: neither SQLite nor a table that was rebuilt says so. One that appeared where
/// another one went, with its values, is that one.</summary>
/// <param name="dropped">The columns that went, as indexes before the alteration.</param>
/// <param name="appeared">The columns that appeared, as indexes behind it.</param>
internal sealed class RenamedColumns(int[] dropped, int[] appeared)
{
    private readonly long[] equal = new long[dropped.Length * appeared.Length];
    private readonly long[] different = new long[dropped.Length * appeared.Length];
    private readonly ulong[] first = new ulong[dropped.Length];
    private readonly bool[] varies = new bool[dropped.Length];

    /// <summary>Whether there can be any.</summary>
    public bool IsPossible => equal.Length > 0;

    /// <summary>Takes one row into account.</summary>
    /// <param name="before">The digests of its values before, by column.</param>
    /// <param name="row">The row as it is now.</param>
    /// <param name="offset">Where its value columns begin.</param>
    public void Add(ReadOnlySpan<ulong> before, Statement row, int offset)
    {
        for (int d = 0; d < dropped.Length; d++)
        {
            ulong digest = before[dropped[d]];
            varies[d] |= first[d] != 0 && first[d] != digest;
            first[d] = digest;
            for (int a = 0; a < appeared.Length; a++)
            {
                int column = offset + appeared[a];
                int pair = (d * appeared.Length) + a;
                bool isSame = digest == ValueDigest.Of(row.ColumnValue(column));
                different[pair] += isSame ? 0 : 1;
                equal[pair] += isSame && !row.IsNull(column) ? 1 : 0;
            }
        }
    }

    /// <summary>The pairs, by index before and behind. In the same place most values must be the same, because a migration may go on to write; in
    /// another place all, and not only one value that is the same everywhere.</summary>
    public IEnumerable<(int From, int To)> Find()
    {
        HashSet<int> taken = [];
        for (int d = 0; d < dropped.Length; d++)
        {
            for (int a = 0; a < appeared.Length; a++)
            {
                int pair = (d * appeared.Length) + a;
                bool isRenamed = equal[pair] > 0
                    && (dropped[d] == appeared[a] ? equal[pair] >= different[pair] : different[pair] == 0 && varies[d]);
                if (isRenamed && taken.Add(appeared[a]))
                {
                    yield return (dropped[d], appeared[a]);
                    break;
                }
            }
        }
    }
}
