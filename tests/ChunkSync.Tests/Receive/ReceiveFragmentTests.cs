using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Receive;

/// <summary>Bookkeeping inside values that are larger than a chunk.</summary>
public class ReceiveFragmentTests
{
    private static readonly byte[] Site = [7];

    [Fact]
    public void Gap_reaches_back_when_parts_of_another_cut_arrive()
    {
        using Database sender = NewSender();
        using Database receiver = ReceivePair.NewReceiver();
        List<SentChunk> small = SentChunk.Window(sender, ReceivePair.Stream, 0);
        List<SentChunk> large = SentChunk.Window(sender, [("max_chunk_size", 400_000)], 0);
        Assert.True(small.Count > large.Count && large.Count > 2);
        small[0].Receive(receiver, Site);
        small[^1].Receive(receiver, Site);
        large[1].Receive(receiver, Site);

        // The large cut goes on: of the small one only the part that ends the row is behind it, and it is no part of this cut.
        string[] gaps = ReceivePair.Gaps(receiver);
        Assert.Equal(3, gaps.Length);
        Assert.Equal($"(1, 0, 0) {large[0].Next}", gaps[0]);
        Assert.StartsWith($"{large[1].Next} ", gaps[1]);
        large[0].Receive(receiver, Site);
        Assert.Equal(("", ""), ReceivePair.Checkpoint(receiver));
        large.ForEach(chunk => chunk.Receive(receiver, Site));
        Assert.Equal(["(2, 0, 0) open"], ReceivePair.Gaps(receiver));
        Assert.Equal(ReceivePair.Rows(sender), ReceivePair.Rows(receiver));
        Assert.Equal(("1", ""), ReceivePair.Checkpoint(receiver));
        small.ForEach(chunk => chunk.Receive(receiver, Site));
        Assert.Equal(["(2, 0, 0) open"], ReceivePair.Gaps(receiver));
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM cloudsync_payload_fragments"));
    }

    [Fact]
    public void Parts_arrive_when_the_file_has_a_default_that_this_SQLite_cannot_compute()
    {
        // unixepoch(), in a file from SQLite 3.38 or newer, is unknown to 3.35.
        using Database sender = NewSender();
        using Database receiver = ReceivePair.NewReceiver();
        string sql = (string)receiver.Scalar("SELECT sql FROM sqlite_master WHERE name = 'cloudsync_payload_fragments'")!;
        int start = sql.IndexOf("DEFAULT (", StringComparison.Ordinal);
        int end = sql.IndexOf(", tbl", StringComparison.Ordinal);
        receiver.Exec($"DROP TABLE cloudsync_payload_fragments; {sql[..start]} DEFAULT (of_a_newer_version()){sql[end..]}");
        SentChunk[] parts = [.. SentChunk.Window(sender, ReceivePair.Stream, 0)];
        Array.ForEach(parts, part => part.Receive(receiver, Site));
        Assert.Equal(ReceivePair.Rows(sender), ReceivePair.Rows(receiver));
        parts[0].Receive(receiver, Site);
        parts[0].Receive(receiver, Site);
    }

    [Fact]
    public void No_gap_opens_when_parts_come_of_a_value_that_is_out_of_date()
    {
        using Database sender = NewSender();
        using Database receiver = ReceivePair.NewReceiver();
        List<SentChunk> parts = SentChunk.Window(sender, ReceivePair.Stream, 0);
        sender.Exec("UPDATE t SET a = 'newer'");
        SentChunk last = parts.FindLast(part => part.Payload![4] == 3)!;
        last.Receive(receiver, Site);
        SentChunk.Window(sender, ReceivePair.Stream, 1).ForEach(chunk => chunk.Receive(receiver, Site));
        foreach (SentChunk part in parts.Where(part => part != last))
        {
            part.Receive(receiver, Site);
        }

        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM cloudsync_payload_fragments"));
        Assert.Equal(["(3, 0, 0) open"], ReceivePair.Gaps(receiver));

        // An answer to a gap ends elsewhere, so that it is no repeat of what is booked.
        (last with { Next = (last.From.V + 2, 0, 0), IsFinal = true }).Receive(receiver, Site);
        Assert.Equal(["(4, 0, 0) open"], ReceivePair.Gaps(receiver));
        Assert.Equal(ReceivePair.Rows(sender), ReceivePair.Rows(receiver));
    }

    [Fact]
    public void Gap_reaches_back_when_waiting_parts_were_dropped()
    {
        using Database sender = NewSender();
        using Database receiver = ReceivePair.NewReceiver();
        List<SentChunk> parts = SentChunk.Window(sender, ReceivePair.Stream, 0);
        parts[0].Receive(receiver, Site);
        parts[1].Receive(receiver, Site);
        receiver.Exec("DELETE FROM cloudsync_payload_fragments");
        foreach (SentChunk part in parts.Skip(2))
        {
            part.Receive(receiver, Site);
        }

        Assert.Equal([$"(1, 0, 0) {parts[1].Next}", "(2, 0, 0) open"], ReceivePair.Gaps(receiver));
        SentChunk.Answer(sender, ReceivePair.Stream, receiver.Query("SELECT * FROM cloudsync_receive_gaps")[0])
            .ForEach(part => part.Receive(receiver, Site));
        Assert.Equal(["(2, 0, 0) open"], ReceivePair.Gaps(receiver));
        Assert.Equal(ReceivePair.Rows(sender), ReceivePair.Rows(receiver));
    }

    [Fact]
    public void Part_is_refused_when_its_cursors_are_not_its_own()
    {
        using Database sender = NewSender();
        using Database receiver = ReceivePair.NewReceiver();
        List<SentChunk> parts = SentChunk.Window(sender, ReceivePair.Stream, 0);
        SentChunk middle = parts[1];
        Refuse(receiver, middle with { From = (1, 0, 0) }, "but the payload is part 1 of a value, which begins");
        Refuse(receiver, middle with { From = (0, 0, 0) }, "but the payload is part 1 of a value, which begins");
        Refuse(receiver, middle with { Next = parts[2].Next }, "but the payload is part 1 of 4 of a value and ends at " + middle.Next);
        Refuse(receiver, middle with { Next = (1, 0, 0), IsFinal = true }, "and is_final is 1, but the payload is part 1 of 4");
        Refuse(receiver, middle with { Next = (1, 1, 0) }, "but the payload is part 1 of 4 of a value and ends at " + middle.Next);
        Refuse(receiver, parts[^1] with { Next = (1, 0, parts[^1].From.O + 9), IsFinal = false }, "but the payload is part 3 of 4");
        Refuse(receiver, parts[^1] with { Next = (4, 0, 9), IsFinal = false }, "but the payload is part 3 of 4");
        parts.ForEach(part => part.Receive(receiver, Site));
        Assert.Equal(["(2, 0, 0) open"], ReceivePair.Gaps(receiver));
    }

    [Fact]
    public void Position_is_asked_for_from_its_beginning_when_it_was_forgotten()
    {
        using Database sender = ReceivePair.NewReceiver();
        sender.Exec("BEGIN");
        foreach (string id in (string[])["a", "b", "c", "d"])
        {
            sender.Run(
                "INSERT INTO cloudsync_changes(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq)"
                + " VALUES ('t', cloudsync_pk_encode(?), 'a', ?, 1, 1, x'11', 1, 3)", id, id + new string('x', 150_000));
        }

        sender.Exec("COMMIT");
        (string, object?)[] stream = [.. ReceivePair.Stream, ("site_id", new byte[16]), ("exclude_filter_site_id", 1)];
        List<SentChunk> chunks = SentChunk.Window(sender, stream, 0);
        Assert.Equal(4, chunks.Count);
        using Database receiver = ReceivePair.NewReceiver();
        chunks[0].Receive(receiver, Site);
        chunks[3].Receive(receiver, Site);
        Assert.Equal(("1", "2"), ReceivePair.Checkpoint(receiver));
        sender.Exec("UPDATE t SET a = 'now longer than it was, or shorter' WHERE id = 'a'");
        object?[] gap = receiver.Query("SELECT * FROM cloudsync_receive_gaps")[0];
        object?[] stale = [.. gap[..3], (long)gap[3]! + 1, gap[4]];
        SqlException failure = Assert.Throws<SqlException>(() => SentChunk.Answer(sender, stream, stale));
        Assert.Contains("is not a boundary at (db_version 1, seq 3)", failure.Text);
        Assert.Equal(1L, receiver.Scalar("SELECT cloudsync_receive_forget(?, 1, 3)", Site));
        Assert.Equal(0L, receiver.Scalar("SELECT cloudsync_receive_forget(?, 1, 3)", Site));
        Assert.Equal(["(1, 3, 0) (1, 4, 0)", "(2, 0, 0) open"], ReceivePair.Gaps(receiver));
        foreach (object?[] missing in receiver.Query("SELECT * FROM cloudsync_receive_gaps"))
        {
            SentChunk.Answer(sender, stream, missing).ForEach(chunk => chunk.Receive(receiver, Site));
        }

        Assert.Equal(["(3, 0, 0) open"], ReceivePair.Gaps(receiver));
        Assert.Equal(ReceivePair.Rows(sender), ReceivePair.Rows(receiver));
    }

    private static Database NewSender()
    {
        Database sender = ReceivePair.NewReceiver();
        sender.Run("INSERT INTO t VALUES ('k', ?)", string.Concat(Enumerable.Range(0, 90_000).Select(i => $"{i:d5},{i % 7:d4}")));
        return sender;
    }

    private static void Refuse(Database receiver, SentChunk chunk, string message)
    {
        SqlException failure = Assert.Throws<SqlException>(() => chunk.Receive(receiver, Site));
        Assert.Contains(message, failure.Text);
        Assert.Empty(ReceivePair.Gaps(receiver));
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM cloudsync_payload_fragments"));
    }

}
