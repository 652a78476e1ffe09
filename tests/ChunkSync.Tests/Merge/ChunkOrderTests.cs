using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Merge;

/// <summary>The chunks of one window are a set: order and repeats do not matter, also for values that come in parts.</summary>
public class ChunkOrderTests(ITestOutputHelper output)
{
    private const int PermutationsPerWindow = 10;

    [Fact, Soak("chunk-order")]
    public void Receiver_ends_the_same_when_the_chunks_of_a_window_come_in_any_order_and_more_than_once()
    {
        using Effort effort = Effort.Start("chunk-order", output, sample: 3);
        while (effort.Next("windows"))
        {
            Random random = effort.Random;
            using ChunkedWindow window = new(random);
            int fragments = window.Chunks.Count(ChunkedWindow.IsFragment);
            effort.Add("fragments", fragments);
            effort.Add("chunks_of_rows", window.Chunks.Count - fragments);
            string[] expected = InOrder(window);
            for (int permutation = 0; permutation < PermutationsPerWindow; permutation++)
            {
                using TempFile file = window.NewReceiver();
                using Database receiver = Database.Open(file.Path);
                List<int> order = [];
                Begun(random, receiver, window, order);
                Permuted(random, receiver, window, order);
                Compare(expected, receiver, window, order);
                CheckParts(receiver, window, order);
                Repeats(random, receiver, window, order);
                Compare(expected, receiver, window, order);
                CheckParts(receiver, window, order);
                effort.Add("permutations", 1);
                effort.Add("applied", order.Count);
            }
        }

        // A short sample may have drawn smaller windows than the average, which is above four parts and two chunks of rows.
        long windows = effort.Count("windows");
        long least = windows < 40 ? windows / 2 : windows;
        Assert.True(
            Effort.IsRepeat || (effort.Count("fragments") > least * 4 && effort.Count("chunks_of_rows") > least * 2), "the windows are too small");
    }

    /// <summary>The chunks in order; the naive model, which knows of no chunks, must agree with the result.</summary>
    private static string[] InOrder(ChunkedWindow window)
    {
        NaiveReplica model = new();
        model.Merge(window.ReceiverChanges);
        model.Merge(window.Changes);
        using TempFile file = window.NewReceiver();
        using Database receiver = Database.Open(file.Path);
        window.Chunks.ForEach(chunk => receiver.Scalar("SELECT cloudsync_payload_apply(?)", chunk));
        ReplicaState state = ReplicaState.Read(receiver, ChunkedWindow.Rows);
        Assert.Equal(model.RowLines(), state.Rows);
        Assert.Equal(model.ClockLines(), state.Clocks);
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM cloudsync_payload_fragments"));
        return Lines(state);
    }

    /// <summary>Sometimes a first attempt is given up: what it staged must not stay, nor be missed.</summary>
    private static void Begun(Random random, Database receiver, ChunkedWindow window, List<int> order)
    {
        if (random.Next(4) == 0)
        {
            receiver.Exec("BEGIN");
            Apply(receiver, window, [.. Enumerable.Range(0, window.Chunks.Count).Where(_ => random.Next(2) == 0)], []);
            receiver.Exec("ROLLBACK");
            order.Add(-1);
        }
    }

    private static void Permuted(Random random, Database receiver, ChunkedWindow window, List<int> order)
    {
        int[] all = [.. Enumerable.Range(0, window.Chunks.Count)];
        int[] mixed = [.. all, .. all.Where(_ => random.Next(3) == 0), .. all.Where(_ => random.Next(6) == 0)];
        random.Shuffle(mixed);
        bool together = random.Next(4) == 0;
        receiver.Exec(together ? "BEGIN" : "");
        Apply(receiver, window, mixed, order);
        receiver.Exec(together ? "COMMIT" : "");
    }

    private static void Repeats(Random random, Database receiver, ChunkedWindow window, List<int> order)
    {
        int[] again = [.. Enumerable.Range(0, window.Chunks.Count).Where(_ => random.Next(2) == 0)];
        random.Shuffle(again);
        Apply(receiver, window, again, order);
    }

    private static void Apply(Database receiver, ChunkedWindow window, int[] chunks, List<int> order)
    {
        foreach (int chunk in chunks)
        {
            order.Add(chunk);
            receiver.Scalar("SELECT cloudsync_payload_apply(?)", window.Chunks[chunk]);
        }
    }

    private static void Compare(string[] expected, Database receiver, ChunkedWindow window, List<int> order)
    {
        string[] actual = Lines(ReplicaState.Read(receiver, ChunkedWindow.Rows));
        Assert.True(
            expected.SequenceEqual(actual),
            $"{window.Chunks.Count} chunks, order {string.Join(" ", order)}\nin order:\n  {string.Join("\n  ", expected.Except(actual))}\nnow:\n  "
            + string.Join("\n  ", actual.Except(expected)));
        Assert.Equal("ok", receiver.Scalar("PRAGMA integrity_check"));
    }

    /// <summary>No part of a value stays staged once the value was whole, whether it won or not.</summary>
    private static void CheckParts(Database receiver, ChunkedWindow window, List<int> order)
    {
        List<object?[]> left = receiver.Query("SELECT DISTINCT tbl, hex(pk), col_name FROM cloudsync_payload_fragments");
        Assert.True(left.Count == 0, $"parts of {string.Join(", ", left.Select(value => string.Join(" ", value)))} are left after"
            + $" {window.Chunks.Count} chunks, order {string.Join(" ", order)}");
    }

    /// <summary>Rows, causal lengths, and each column's version and the site that wrote it. A sentinel's site is left out: when a column of
    /// a new life comes before its sentinel, the column's site stands for it (behaviour F.4, case 4).</summary>
    private static string[] Lines(ReplicaState state)
    {
        IEnumerable<string> winners = state.Changes.Where(change => !change.IsSentinel)
            .Select(change => $"{change.Table} {change.Key} {change.Column} version {change.Version} of {change.Site}").Order(StringComparer.Ordinal);
        return [.. state.Rows, .. state.Clocks, .. winners];
    }
}
