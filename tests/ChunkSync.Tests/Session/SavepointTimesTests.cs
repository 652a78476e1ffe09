using ChunkSync.Session;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Session;

/// <summary>What is remembered holds when something is undone that began later, and never otherwise.</summary>
public sealed class SavepointTimesTests(ITestOutputHelper output)
{
    [Fact]
    public void What_was_read_before_a_savepoint_holds_when_that_is_rolled_back_and_nothing_else()
    {
        Random random = new(Seed.Next(output));
        for (int history = 0; history < 200; history++)
        {
            SavepointTimes times = new();
            times.Joined();
            int joinedAt = random.Next(3);
            if (joinedAt > 0)
            {
                times.Opened(joinedAt - 1);
            }

            // The naive model: what was read, and how deep; a release leaves it to the level above.
            List<(long Time, int Depth)> read = [(times.Now, joinedAt)];
            int depth = joinedAt;
            for (int step = 0; step < 60; step++)
            {
                int savepoint = random.Next(Math.Max(1, depth));
                switch (random.Next(4))
                {
                    case 0 when depth < 70:
                        times.Opened(depth++);
                        break;
                    case 1 when depth > 0:
                        times.Released(savepoint);
                        depth = savepoint;
                        read = [.. read.Select(item => (item.Time, Math.Min(item.Depth, depth)))];
                        break;
                    case 2 when depth > 0:
                        long since = times.RolledBackTo(savepoint);
                        Assert.All(read.Where(item => item.Depth > savepoint), item => Assert.True(item.Time >= since));
                        if (since != SavepointTimes.Never)
                        {
                            Assert.All(read.Where(item => item.Depth <= savepoint), item => Assert.True(item.Time < since));
                        }

                        read.RemoveAll(item => item.Time >= since);
                        depth = savepoint + 1;
                        break;
                    default:
                        read.Add((times.Now, depth));
                        break;
                }
            }
        }
    }

    [Fact]
    public void Nothing_holds_when_it_is_not_known_what_was_undone()
    {
        SavepointTimes times = new();
        times.Joined();
        Assert.Equal(SavepointTimes.Never, times.RolledBackTo(-1));
        Assert.Equal(SavepointTimes.Never, times.RolledBackTo(0));
        times.Opened(2);
        Assert.Equal(SavepointTimes.Never, times.RolledBackTo(0));
        times.Released(0);
        times.Opened(1);
        Assert.Equal(SavepointTimes.Never, times.RolledBackTo(1));
        times.Opened(500);
        Assert.Equal(SavepointTimes.Never, times.RolledBackTo(500));
        times.Released(0);
        times.Opened(0);
        Assert.NotEqual(SavepointTimes.Never, times.RolledBackTo(0));
        times.Joined();
        Assert.Equal(SavepointTimes.Never, times.RolledBackTo(0));
    }
}
