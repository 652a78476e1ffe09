using ChunkSync.Tests.Diagnostics;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Merge;

/// <summary>Replicas with and without enforced foreign keys end with the same rows and clocks, whatever their cascades did.</summary>
public class CascadeHistoryTests(ITestOutputHelper output)
{
    [Fact, Soak("cascade-histories", Weight = 2)]
    public void Replicas_end_with_the_same_rows_when_foreign_keys_are_on_in_some_and_off_in_others()
    {
        using Effort effort = Effort.Start("cascade-histories", output, sample: 12);
        while (effort.Next("histories"))
        {
            Random random = effort.Random;
            Database[] replicas = [.. Enumerable.Range(0, 3).Select(_ => Database.Open())];
            List<string> log = [];
            try
            {
                bool[] enforced = [true, random.Next(2) == 0, random.Next(3) == 0];
                CascadeHistory history = new(random, replicas, enforced, deferrable: random.Next(2) == 0, log);
                history.Run(steps: 25);
                Assert.True(history.Exchange(), $"the exchange does not end\n{string.Join("\n", log)}");
                string[] ends = [.. replicas.Select(replica => string.Join("\n  ", CascadeHistory.Rows(replica).Concat(CascadeHistory.Clocks(replica))))];
                effort.Add("jams", history.IsJammed ? 1 : 0);
                Assert.True(history.IsJammed || ends.All(end => end == ends[0]), $"replicas differ\n  {string.Join("\n---\n  ", ends)}\n{string.Join("\n", log)}");
                Array.ForEach(replicas, replica => Suspected.Nothing(replica, log));
                effort.Add("rows", CascadeHistory.Rows(replicas[0]).Count);
                effort.Add("tombstones", CascadeHistory.Clocks(replicas[0]).Count(line => line.EndsWith("__[RIP]__ 2", StringComparison.Ordinal)));
            }
            finally
            {
                Array.ForEach(replicas, replica => replica.Dispose());
            }
        }

        // One of a small sample says nothing.
        Assert.True(effort.Count("jams") <= 1 + (effort.Count("histories") / 20), "too many end in a jam");
    }

    /// <summary>sqlite-sync does not record what cascades do in a merge: with keys on it loses rows by itself, but whatever ChunkSync has
    /// recorded reaches it.</summary>
    [PeerFact]
    public void Databases_end_with_the_same_rows_when_sqlite_sync_is_among_them()
    {
        Random random = new(Seed.Next(output));
        int jams = 0;
        for (int i = 0; i < 150; i++)
        {
            Database[] replicas = [Database.Open(), Database.OpenPeer(PeerFactAttribute.Library), Database.Open()];
            List<string> log = [];
            try
            {
                CascadeHistory history = new(random, replicas, [true, false, random.Next(2) == 0], deferrable: true, log);
                history.Run(steps: 20);
                history.Exchange();
                string[] ends = [.. replicas.Select(replica => string.Join("\n  ", CascadeHistory.Rows(replica)))];
                jams += history.IsJammed ? 1 : 0;
                Assert.True(history.IsJammed || ends.All(end => end == ends[0]), $"databases differ\n  {string.Join("\n---\n  ", ends)}\n{string.Join("\n", log)}");
            }
            finally
            {
                Array.ForEach(replicas, replica => replica.Dispose());
            }
        }

        output.WriteLine($"{jams} of 150 histories end in a jam");
        Assert.True(jams < 15, "too many end in a jam");
    }
}
