using ChunkSync.Tests.Host;
using ChunkSync.Tests.Merge;

namespace ChunkSync.Tests.Histories;

/// <summary>Looks at a replica after every step: its new changes alone must lead the naive model to what it shows; maintenance keeps every
/// sentinel; and who follows its stream ends where it is.</summary>
internal sealed class ReplicaObserver
{
    private readonly string site;
    private readonly Follower follower = new();
    private NaiveReplica model = new();
    private HashSet<(string Table, string Key)> notCaptured = [];

    /// <summary>Columns that were dropped in the open transaction: one that is there again is another one.</summary>
    private HashSet<(string Table, string Column)> gone = [];

    public ReplicaObserver(Database database)
    {
        site = Convert.ToHexStringLower((byte[])database.Scalar("SELECT cloudsync_siteid()")!);
        View = ReplicaView.Read(database, new Dictionary<string, string>());
    }

    /// <summary>What the replica showed after the last step that could be looked at.</summary>
    public ReplicaView View { get; private set; }

    /// <summary>Rows that were written where nothing is captured, and still differ from what others were told.</summary>
    public IReadOnlySet<(string Table, string Key)> NotCaptured => notCaptured;

    /// <summary>The state to come back to when a transaction or a savepoint is rolled back.</summary>
    public ObserverState Save() => new(View, model.Copy(), [.. notCaptured], [.. gone]);

    public void Restore(ObserverState saved)
    {
        View = saved.View;
        model = saved.Model.Copy();
        notCaptured = [.. saved.NotCaptured];
        gone = [.. saved.Gone];
    }

    /// <summary>Somebody was told that everything up to this version was sent.</summary>
    public void Told(long watermark) => follower.Told(watermark);

    /// <summary>A table is not tracked any more: what was known of it does not count.</summary>
    public void Forget(string table)
    {
        model.Forget(table);
        follower.Forget(table);
        View.Clocks.RemoveWhere(clock => clock.Item1 == table);
        View.Tables[table].Sentinels.Clear();
    }

    /// <summary>Looks at the replica after a step.</summary>
    /// <param name="database">The connection that it ran on.</param>
    /// <param name="effect">What the step may have done.</param>
    /// <param name="received">The changes that a payload brought; null when they are not known.</param>
    /// <param name="filters">The filters that are set now, by table.</param>
    /// <exception cref="HistoryFailureException">Something is lost, or said twice.</exception>
    public void After(
        Database database, StepEffect effect, IReadOnlyList<NaiveChange>? received, IReadOnlyDictionary<string, string> filters)
    {
        ReplicaView before = View;
        View = ReplicaView.Read(database, filters);
        if ((effect & StepEffect.Maintenance) != 0)
        {
            KeepsSentinels(before);
        }

        foreach ((string table, TableState state) in View.Tables)
        {
            model.Prune(table, state.Defaults.Keys);
            gone.UnionWith(before.Tables[table].Defaults.Keys.Except(state.Defaults.Keys).Select(column => (table, column)));
        }

        if ((effect & StepEffect.Undo) == 0)
        {
            model.Merge(received ?? [.. View.Changes.Where(
                change => !before.Clocks.Contains(change.Clock) && !follower.Knows(change))]);
        }

        if ((effect & StepEffect.Unknown) != 0)
        {
            model = new NaiveReplica();
            model.Merge(View.Changes);
        }

        Compare(before, (effect & StepEffect.Silent) != 0);
        if (database.InTransaction)
        {
            return;
        }

        if (follower.Drain(View, site, notCaptured, gone) is string lost)
        {
            throw new HistoryFailureException(lost);
        }

        gone.Clear();
    }

    private void KeepsSentinels(ReplicaView before)
    {
        foreach ((string table, TableState state) in before.Tables)
        {
            foreach ((string key, long version) in state.Sentinels)
            {
                // A sentinel of 1 says no more than none.
                long now = View.Tables[table].Sentinels.GetValueOrDefault(key);
                if (now < version && version > 1)
                {
                    throw new HistoryFailureException($"maintenance {(now == 0 ? "loses a sentinel" : "lowers a causal length")}: {table} {key} had"
                        + $" {version}, and has {now}");
                }
            }
        }
    }

    private void Compare(ReplicaView before, bool isSilent)
    {
        HashSet<(string, string)> differing = [];
        foreach (((string Table, string Key) row, string text) in ViewComparison.Rows(model, View).Concat(ViewComparison.Clocks(model, View)))
        {
            differing.Add(row);
            bool isOutside = View.Tables[row.Table].Outside.Contains(row.Key) || before.Tables[row.Table].Outside.Contains(row.Key);
            if (!isSilent && !isOutside && !notCaptured.Contains(row))
            {
                throw new HistoryFailureException("the replica is not what its changes say: " + text);
            }
        }

        notCaptured = differing;
    }
}
