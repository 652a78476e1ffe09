using ChunkSync.Tests.Diagnostics;
using ChunkSync.Tests.Host;
using ChunkSync.Tests.Merge;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Receive;

/// <summary>Chunks of random windows of several senders, in random order, lost, repeated and asked for again, against the naive
/// model.</summary>
public class ReceivePropertyTests(ITestOutputHelper output)
{
    private const int Windows = 3;

    private const string Rows = """
        SELECT 'plain', cloudsync_pk_encode(id), 'a', a, 'b', b, 'c', c FROM plain
        UNION ALL SELECT 'odd name', cloudsync_pk_encode(k1, K2), 'v', v, NULL, NULL, NULL, NULL FROM "odd name"
        UNION ALL SELECT 'norow', cloudsync_pk_encode(id), 'x', x, 'y', y, NULL, NULL FROM norow
        UNION ALL SELECT 'keys', cloudsync_pk_encode(id), NULL, NULL, NULL, NULL, NULL, NULL FROM keys
        """;

    private readonly record struct Counts(int Chunks, int Fragments, int Lost, int Again, int Empty);

    [Theory, Soak("receive-histories")]
    [InlineData(1)]
    [InlineData(2)]
    public void Gaps_are_exactly_what_is_missing_when_chunks_come_in_any_order(int senders)
    {
        using Effort effort = Effort.Start("receive-histories", output, sample: 4, cases: 2);
        Counts counts = default;
        while (effort.Next("histories"))
        {
            Run(effort.Random, senders, ref counts);
        }

        effort.Add("chunks", counts.Chunks);
        effort.Add("fragments", counts.Fragments);
        effort.Add("lost", counts.Lost);
        effort.Add("again", counts.Again);
        long histories = effort.Count("histories");
        Assert.True(
            Effort.IsRepeat || (counts.Fragments > histories && counts.Lost > histories && counts.Again > histories), counts.ToString());
    }

    private static void Run(Random random, int count, ref Counts counts)
    {
        using TempFile file = new();
        Database receiver = Database.Open(file.Path);
        receiver.Exec("PRAGMA synchronous = OFF");
        receiver.Exec(Sender.Schema);
        Sender[] senders = [.. Enumerable.Range(0, count).Select(_ => new Sender(random))];
        try
        {
            Watch watch = new(receiver, senders);
            for (int window = 0; window < Windows; window++)
            {
                List<(Sender Sender, SentChunk Chunk)> wire = [];
                foreach (Sender sender in senders)
                {
                    wire.AddRange(sender.Send(isLast: window == Windows - 1).Select(chunk => (sender, chunk)));
                }

                int fragments = wire.Count(sent => sent.Chunk.Payload![4] == 3);
                counts = counts with { Chunks = counts.Chunks + wire.Count, Fragments = counts.Fragments + fragments };
                (Sender, SentChunk)[] mixed = [.. wire, .. wire.Where(_ => random.Next(4) == 0)];
                random.Shuffle(mixed);
                foreach ((Sender sender, SentChunk chunk) in mixed)
                {
                    if (random.Next(3) == 0)
                    {
                        counts = counts with { Lost = counts.Lost + 1 };
                        continue;
                    }

                    if (random.Next(8) == 0)
                    {
                        receiver.Exec("BEGIN");
                        chunk.Receive(receiver, sender.Site);
                        receiver.Exec("ROLLBACK");
                        watch.Check();
                    }

                    watch.Receive(sender, chunk);
                }

                if (random.Next(2) == 0)
                {
                    receiver.Dispose();
                    receiver = Database.Open(file.Path);
                    watch.Reopened(receiver);
                }
            }

            FillGaps(random, receiver, senders, watch, ref counts);
            Compare(receiver, senders);
            Suspected.Nothing(receiver, []);
        }
        finally
        {
            receiver.Dispose();
            Array.ForEach(senders, sender => sender.Dispose());
        }
    }

    /// <summary>Asks for exactly what is missing until nothing is; what is asked for can be lost again.</summary>
    private static void FillGaps(Random random, Database receiver, Sender[] senders, Watch watch, ref Counts counts)
    {
        for (int round = 0; watch.IsIncomplete; round++)
        {
            Assert.True(round < 100, "the gaps are never filled");
            foreach (Sender sender in senders)
            {
                List<object?[]> gaps = sender.Gaps(receiver);
                gaps = gaps.Count == 0 ? [[sender.Site, 1L, 0L, 0L, null, null, null]] : gaps;
                foreach (object?[] gap in gaps)
                {
                    foreach (SentChunk chunk in SentChunk.Answer(sender.Database, sender.Stream, gap).Where(_ => random.Next(5) > 0))
                    {
                        counts = counts with { Again = counts.Again + 1, Empty = counts.Empty + (chunk.Payload == null ? 1 : 0) };
                        watch.Receive(sender, chunk);
                    }
                }
            }
        }
    }

    private static void Compare(Database receiver, Sender[] senders)
    {
        using Database reference = Database.Open();
        reference.Exec(Sender.Schema);
        foreach (SentChunk chunk in senders.SelectMany(sender => SentChunk.Window(sender.Database, sender.Stream, 0)))
        {
            reference.Scalar("SELECT cloudsync_payload_apply(?)", chunk.Payload);
        }

        ReplicaState expected = ReplicaState.Read(reference, Rows);
        ReplicaState actual = ReplicaState.Read(receiver, Rows);
        Assert.Equal(expected.Rows, actual.Rows);
        Assert.Equal(expected.Clocks, actual.Clocks);
    }
}
