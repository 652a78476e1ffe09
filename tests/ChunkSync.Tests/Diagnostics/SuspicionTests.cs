using ChunkSync.Tests.Clock;
using ChunkSync.Tests.Host;
using ChunkSync.Tests.Receive;
using ChunkSync.Tests.Waiting;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Diagnostics;

/// <summary>Suspicions that a file was copied or restored: changes of its own that it never made, and news out of ranges that were booked.</summary>
public class SuspicionTests(ITestOutputHelper output)
{
    private const int HistoriesPerTurn = 25;

    [Fact, Soak("suspicions", Weight = 2)]
    public void Suspicion_is_there_when_copies_under_one_site_lose_something_and_never_when_nothing_was_copied()
    {
        using Effort effort = Effort.Start("suspicions", output, sample: 20);
        while (effort.Next("histories"))
        {
            bool clean = effort.Turn % 2 == 0;
            using CopyHistory history = new(effort.Random, clean, renews: false);
            history.Run();
            bool any = history.Replicas.Any(replica => Suspected.In(replica).Any());
            string context = $"lost:\n  {string.Join("\n  ", history.Lost)}\nhistory:\n  {string.Join("\n  ", history.Log)}";
            Assert.True(!any || history.Copies > 0, "suspected without a copy: " + context);
            Assert.True(any || history.Lost.Count == 0, "not suspected: " + context);
            effort.Add("suspected", any ? 1 : 0);
        }
    }

    [Fact]
    public void Sender_is_suspected_when_it_sends_something_else_in_a_range_that_arrived()
    {
        using Database sender = ReceivePair.NewReceiver();
        using Database receiver = ReceivePair.NewReceiver();
        byte[] site = ReceivePair.SiteOf(sender);
        sender.Exec("INSERT INTO t VALUES ('1', 1)");
        using Database backup = Database.OpenCopy(sender);
        backup.Register();
        sender.Exec("INSERT INTO t VALUES ('2', 2); INSERT INTO t VALUES ('3', 3)");
        Assert.Single(SentChunk.Window(sender, ReceivePair.Stream, 0)).Receive(receiver, site);
        Assert.Single(SentChunk.Window(sender, ReceivePair.Stream, 1)).Receive(receiver, site);
        Assert.Empty(Suspected.In(receiver));
        backup.Exec("INSERT INTO t VALUES ('4', 4)");
        Assert.Single(SentChunk.Window(backup, ReceivePair.Stream, 1)).Receive(receiver, site);
        Assert.StartsWith("D24 t x'", Assert.Single(Suspected.In(receiver)), StringComparison.Ordinal);

        // Both sides do what the finding says.
        receiver.Exec((string)receiver.Scalar("SELECT cure FROM cloudsync_check WHERE id = 'D24'")!);
        backup.Exec("SELECT cloudsync_new_site()");
        Assert.Empty(Suspected.In(receiver));
        Assert.Single(SentChunk.Window(backup, ReceivePair.Stream, 0)).Receive(receiver, ReceivePair.SiteOf(backup));
        Assert.Single(SentChunk.Window(sender, ReceivePair.Stream, 0)).Receive(receiver, site);
        Assert.Empty(Suspected.In(receiver));
    }

    [Fact]
    public void Late_chunk_is_suspected_only_until_what_has_moved_on_comes()
    {
        using Database sender = ReceivePair.NewReceiver();
        using Database receiver = ReceivePair.NewReceiver();
        byte[] site = ReceivePair.SiteOf(sender);
        sender.Exec("INSERT INTO t VALUES ('1', 1); INSERT INTO t VALUES ('2', 2)");
        SentChunk late = Assert.Single(SentChunk.Window(sender, ReceivePair.Stream, 0, until: 1));
        Assert.Single(SentChunk.Window(sender, ReceivePair.Stream, 1)).Receive(receiver, site);
        sender.Exec("UPDATE t SET a = 7 WHERE id = '1'");
        SentChunk again = Assert.Single(SentChunk.Answer(sender, ReceivePair.Stream, receiver.Query("SELECT * FROM cloudsync_receive_gaps")[0]));
        again.Receive(receiver, site);
        late.Receive(receiver, site);
        Assert.Single(Suspected.In(receiver));
        Assert.Single(SentChunk.Window(sender, ReceivePair.Stream, 2)).Receive(receiver, site);
        Assert.Empty(Suspected.In(receiver));
        Assert.Equal(["1=7", "2=2"], ReceivePair.Rows(receiver));
    }

    [Theory]
    [InlineData("5", "NUMERIC", "TEXT")]
    [InlineData("'5.0'", "", "INTEGER")]
    [InlineData("'5'", "", "REAL")]
    [InlineData("0.30000000000000004", "REAL", "TEXT")]
    public void Nothing_is_suspected_when_a_value_comes_back_or_again_as_another_type_stores_it(string value, string here, string there)
    {
        string Schema(string type) => $"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a {type}); SELECT cloudsync_init('t');";
        using Database one = Database.Open();
        using Database other = Database.Open();
        using Database third = Database.Open();
        one.Exec(Schema(here) + $"INSERT INTO t VALUES ('1', {value})");
        other.Exec(Schema(there));
        third.Exec(Schema(here));
        (string, object?)[] all = [("site_id", new byte[16]), ("exclude_filter_site_id", 1)];
        for (int round = 0; round < 2; round++)
        {
            foreach ((Database from, Database to) in ((Database, Database)[])[(one, other), (other, third), (third, one), (other, one), (third, other)])
            {
                SentChunk.Window(from, all, 0).ForEach(chunk => chunk.Receive(to, ReceivePair.SiteOf(from)));
            }
        }

        Assert.Empty(Suspected.In(one).Concat(Suspected.In(other)).Concat(Suspected.In(third)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Histories_are_the_same_when_their_random_numbers_are(int seed)
    {
        string[] Clean()
        {
            Random random = new(seed);
            using CleanHistory replicas = new(random);
            for (int i = 0; i < HistoriesPerTurn; i++)
            {
                replicas.Run(steps: random.Next(10, 40));
            }

            return [.. replicas.Log, .. replicas.State()];
        }

        string[] Copied()
        {
            using CopyHistory history = new(new Random(seed), clean: false, renews: seed % 2 == 0);
            history.Run();
            return [.. history.Log, .. history.Replicas.SelectMany(replica => RefusingReplica.Read(replica, "SELECT * FROM cloudsync_changes"))];
        }

        Assert.Equal(Clean(), Clean());
        Assert.Equal(Copied(), Copied());
    }

    [Fact, Soak("clean-histories", Weight = 2)]
    public void Nothing_is_suspected_when_nothing_was_copied()
    {
        using Effort effort = Effort.Start("clean-histories", output, sample: 12);
        while (effort.Next("replica_groups"))
        {
            using CleanHistory replicas = new(effort.Random);
            for (int i = 0; i < HistoriesPerTurn; i++)
            {
                replicas.Run(steps: effort.Random.Next(10, 40));
                Assert.True(replicas.Suspected() == null, $"{replicas.Suspected()}\n{string.Join("\n", replicas.Log)}");
                effort.Add("histories", 1);
            }

            effort.Add("chunks", replicas.Received);
        }
    }
}
