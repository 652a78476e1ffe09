using System.Globalization;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Receive;

/// <summary>Receives chunks and compares gaps, checkpoint and size of the bookkeeping with the naive models after every step.</summary>
internal sealed class Watch(Database database, Sender[] senders)
{
    private readonly HashSet<Sender> booked = [];
    private Database receiver = database;
    private (long V, long S) checkpoint;

    /// <summary>Whether something that was sent has not arrived.</summary>
    public bool IsIncomplete => Array.Exists(senders, sender => sender.Model.Gaps() is not [var open]
        || !open.StartsWith($"({sender.Last.V + 1}, ", StringComparison.Ordinal));

    public void Receive(Sender sender, SentChunk chunk)
    {
        chunk.Receive(receiver, sender.Site);
        sender.Model.Add(chunk);
        booked.Add(sender);
        Check();
    }

    /// <summary>Goes on with another connection.</summary>
    public void Reopened(Database other)
    {
        receiver = other;
        Check();
    }

    public void Check()
    {
        List<string> all = [];
        foreach (Sender sender in senders)
        {
            List<string> gaps = [.. sender.Gaps(receiver).Select(Describe)];
            Assert.Equal(sender.Model.Gaps(), gaps);
            all.AddRange(gaps);
        }

        Assert.Equal(all.Order(StringComparer.Ordinal), Query("SELECT * FROM cloudsync_receive_gaps").Select(Describe).Order(StringComparer.Ordinal));
        if (booked.Count > 0)
        {
            Assert.InRange(Query("SELECT 1 FROM cloudsync_receive_ranges").Count, 1, all.Count);
        }

        CheckCheckpoint();
    }

    private void CheckCheckpoint()
    {
        (long V, long S) now = (Setting("check_dbversion"), Setting("check_seq"));
        Assert.True(now.CompareTo(checkpoint) >= 0, $"the checkpoint went back from {checkpoint} to {now}");
        if (booked.Count > 1)
        {
            Assert.Equal(checkpoint, now);
        }
        else if (booked.Count == 1)
        {
            Sender only = booked.Single();
            Assert.True(only.Model.HasAllUpTo(now.V, now.S), $"the checkpoint {now} is behind a hole");
            if (!IsIncomplete)
            {
                Assert.Equal(only.Last, now);
            }
        }
        else
        {
            Assert.Equal((0, 0), now);
        }

        checkpoint = now;
    }

    private List<object?[]> Query(string sql) => receiver.Query(sql);

    private long Setting(string key) => long.Parse(
        (string?)receiver.Scalar("SELECT value FROM cloudsync_settings WHERE key = ?", key) ?? "0", CultureInfo.InvariantCulture);

    private static string Describe(object?[] gap) => gap[4] == null
        ? $"({gap[1]}, {gap[2]}, {gap[3]}) open"
        : $"({gap[1]}, {gap[2]}, {gap[3]}) ({gap[4]}, {gap[5]}, {gap[6]})";
}
