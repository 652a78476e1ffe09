namespace ChunkSync.Tests.Receive;

/// <summary>The naive model of one sender's bookkeeping: every place between two cursors that were ever named is a member of a set once a
/// chunk that covers it has arrived.</summary>
internal sealed class NaiveRanges
{
    private static readonly (long V, long S, long O) Origin = (1, 0, 0);

    private readonly List<SentChunk> received = [];

    public void Add(SentChunk chunk) => received.Add(chunk);

    /// <summary>The rows that <c>cloudsync_receive_gaps</c> must show.</summary>
    public List<string> Gaps()
    {
        if (received.Count == 0)
        {
            return [];
        }

        List<((long V, long S, long O) From, (long V, long S, long O) To)> gaps = [];
        foreach (((long V, long S, long O) from, (long V, long S, long O) to, bool arrived) in Places())
        {
            if (!arrived)
            {
                bool goesOn = gaps.Count > 0 && gaps[^1].To == from;
                gaps.Add((goesOn ? gaps[^1].From : from, to));
                gaps.RemoveRange(gaps.Count - (goesOn ? 2 : 1), goesOn ? 1 : 0);
            }
        }

        return [.. gaps.Select(gap => $"{gap.From} {gap.To}"), received.Max(chunk => chunk.End) + " open"];
    }

    /// <summary>Whether everything up to and including a position has arrived.</summary>
    public bool HasAllUpTo(long dbVersion, long seq) =>
        (dbVersion, seq) == (0, 0) || Places().All(place => place.Arrived || place.From.CompareTo((dbVersion, seq + 1, 0)) >= 0);

    private IEnumerable<((long V, long S, long O) From, (long V, long S, long O) To, bool Arrived)> Places()
    {
        (long V, long S, long O)[] named =
        [
            .. received.SelectMany(chunk => ((long V, long S, long O)[])[chunk.From, chunk.End]).Append(Origin)
                .Where(cursor => cursor.CompareTo(Origin) >= 0).Distinct().Order(),
        ];
        return named.Zip(named.Skip(1), (from, to) => (
            from, to, received.Exists(chunk => chunk.From.CompareTo(from) <= 0 && chunk.End.CompareTo(to) >= 0)));
    }
}
