using ChunkSync.Tests.Merge;

namespace ChunkSync.Tests.Histories;

/// <summary>A peer that follows one replica as applications do it: each time it takes what is newer than its watermark, of all sites, and
/// merges it by the rules. What it ends with must be what the replica shows, and nothing new may ever appear at or below the
/// watermark.</summary>
internal sealed class Follower
{
    private readonly NaiveReplica copy = new();
    private readonly HashSet<(string, string, string, long, long, string, long, long)> drained = [];
    private readonly HashSet<(string, string)> excused = [];
    private long watermark;

    /// <summary>The replica told somebody that all up to this version was sent.</summary>
    public void Told(long version) => watermark = Math.Max(watermark, version);

    /// <summary>Whether a change was taken before. One whose row was away, unseen by capture, shows again when the row is back.</summary>
    public bool Knows(NaiveChange change) => drained.Contains(change.Clock);

    /// <summary>A table begins anew.</summary>
    public void Forget(string table) => copy.Forget(table);

    /// <summary>Takes what is new.</summary>
    /// <param name="view">What the replica shows, outside a transaction.</param>
    /// <param name="site">The replica's site id in hex.</param>
    /// <param name="notCaptured">Rows that were written where nothing is captured.</param>
    /// <param name="gone">Columns that were dropped since the last time, by table.</param>
    /// <returns>What is wrong; null for nothing.</returns>
    public string? Drain(ReplicaView view, string site, HashSet<(string, string)> notCaptured, IReadOnlySet<(string, string)> gone)
    {
        List<NaiveChange> news = [.. view.Changes.Where(change => !drained.Contains(change.Clock))];
        foreach (NaiveChange change in news)
        {
            if (change.DbVersion <= watermark)
            {
                return $"a change is new at a db_version that was sent before (up to {watermark}): {change}";
            }

            drained.Add(change.Clock);
        }

        foreach ((string table, TableState state) in view.Tables)
        {
            copy.Prune(table, state.Defaults.Keys.Where(column => !gone.Contains((table, column))));
        }

        copy.Merge(news);
        watermark = news.Count == 0 ? watermark : Math.Max(watermark, news.Max(change => change.DbVersion));
        foreach (NaiveChange change in news.Where(change => change.Site == site && !notCaptured.Contains((change.Table, change.Key))))
        {
            NaiveRow row = copy[change.Table, change.Key];
            bool arrives = row.CausalLength == change.CausalLength && (change.IsSentinel || (row.Columns.TryGetValue(change.Column, out var known)
                && known.Version == change.Version && ViewComparison.Same(known.Value, change.Value)));
            if (!arrives)
            {
                return $"a change is lost for those who heard of the row before (causal length {row.CausalLength}"
                    + (row.Columns.TryGetValue(change.Column, out known) ? $", version {known.Version}" : "") + $"): {change}";
            }
        }

        excused.UnionWith(notCaptured);
        HashSet<(string, string)> differing = [];
        foreach (((string, string) row, string text) in ViewComparison.Rows(copy, view))
        {
            differing.Add(row);
            if (!excused.Contains(row))
            {
                return "who follows the stream ends with another row: " + text;
            }
        }

        excused.IntersectWith(differing);
        return null;
    }
}
