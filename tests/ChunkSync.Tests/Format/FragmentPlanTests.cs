using ChunkSync.Format;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Format;

/// <summary>How long values are cut into parts.</summary>
public class FragmentPlanTests(ITestOutputHelper output)
{
    private const long SmallestChunk = 262_144;

    /// <summary>tbl 't', a key of 8 bytes, small versions, a site of 16 bytes.</summary>
    private const long RecordedOthers = 3 + 10 + 2 + 2 + 18 + 2 + 2;

    [Fact]
    public void Plan_equals_the_recorded_one_when_the_worked_example_is_planned()
    {
        Assert.True(FragmentPlan.TryMake(262_004, RecordedOthers, 1, SmallestChunk, out FragmentPlan plan));
        Assert.Equal((261_983, 2, 262_004), (plan.PartSize, plan.PartCount, plan.TotalSize));
    }

    [Theory]
    [InlineData(245_728, SmallestChunk, false)]
    [InlineData(245_729, SmallestChunk, true)]
    [InlineData(5_226_464, 5_242_880, false)]
    [InlineData(5_226_465, 5_242_880, true)]
    [InlineData(int.MaxValue, 33_554_432, true)]
    public void Row_is_oversized_when_it_and_the_reserve_exceed_the_chunk(long row, long chunk, bool expected) =>
        Assert.Equal(expected, FragmentPlan.IsOversized(row, chunk));

    [Fact]
    public void Parts_tile_the_value_when_it_is_cut_at_every_boundary()
    {
        int plans = 0;
        foreach (long chunk in (long[])[160, 200, 255, 256, 300, 383, 400, 511, 513, 1000, 4096, 65_700, SmallestChunk, 5_242_880])
        {
            foreach ((long others, int column) in new[] { (RecordedOthers, 1), (RecordedOthers, 0), (21L, 40), (90L, 3), (41L, 200) })
            {
                foreach (long total in Boundaries(chunk, others, column))
                {
                    plans += CheckPlan(total, others, column, chunk) ? 1 : 0;
                }
            }
        }

        output.WriteLine($"{plans} plans");
        Assert.True(plans > 3000, $"only {plans} plans");
    }

    [Fact]
    public void Parts_tile_the_value_when_sizes_are_random()
    {
        Random random = new(Seed.Next(output));
        int plans = 0;
        for (int round = 0; round < 20_000; round++)
        {
            long chunk = random.Next(2) == 0 ? random.Next(120, 1200) : random.Next(120, 300_000);
            long total = random.Next(5) == 0 ? random.Next() : random.Next(1, 200_000);
            plans += CheckPlan(total, random.Next(20, 150), random.Next(0, 80), chunk) ? 1 : 0;
        }

        Assert.InRange(plans, 10_000, 19_999);
    }

    [Fact]
    public void Part_keeps_its_size_when_it_spans_a_length_boundary_of_its_own()
    {
        // The room is stepped down until lead, length bytes and data fit: around 255 and 65535 a byte stays free.
        for (long chunk = 380; chunk < 460; chunk++)
        {
            CheckPlan(100_000, RecordedOthers, 1, chunk);
        }

        for (long chunk = 65_600; chunk < 65_700; chunk++)
        {
            CheckPlan(int.MaxValue, RecordedOthers, 1, chunk);
        }
    }

    [Fact]
    public void Value_is_refused_when_the_rest_leaves_no_room()
    {
        long full = SmallestChunk - ContainerHeader.Length - Encoded(NameLength(0, 1, 9, 1));
        foreach (long others in (long[])[full - 2, full - 1, full, full + 1, SmallestChunk, int.MaxValue, long.MaxValue / 2])
        {
            Assert.False(FragmentPlan.TryMake(9, others, 1, SmallestChunk, out FragmentPlan none));
            Assert.Equal((0, 0, 0), (none.PartSize, none.PartCount, none.TotalSize));
        }

        // Lead and length take two bytes: with three left there is room for one of data, and a wider name takes it away.
        Assert.True(FragmentPlan.TryMake(9, full - 3, 1, SmallestChunk, out FragmentPlan plan));
        Assert.Equal((1, 9), (plan.PartSize, plan.PartCount));
        Assert.False(FragmentPlan.TryMake(10, full - 3, 1, SmallestChunk, out _));
        Assert.False(FragmentPlan.TryMake(9, full - 3, 2, SmallestChunk, out _));
    }

    [Fact]
    public void Plan_has_one_part_when_a_tiny_value_stands_beside_a_huge_key()
    {
        Assert.True(FragmentPlan.TryMake(3, 250_000, 1, SmallestChunk, out FragmentPlan plan));
        Assert.Equal(1, plan.PartCount);
        Assert.True(plan.PartSize > 11_000);
    }

    /// <summary>Sizes at which the number of parts, or the digits of a number in the name, change, and their neighbours.</summary>
    private static HashSet<long> Boundaries(long chunk, long others, int column)
    {
        HashSet<long> totals = [1, 2, 9, 10, 11, int.MaxValue - 1, int.MaxValue];
        foreach (long guess in (long[])[100, 10_000, 1_000_000])
        {
            if (!FragmentPlan.TryMake(guess, others, column, chunk, out FragmentPlan plan))
            {
                continue;
            }

            foreach (long count in (long[])[1, 2, 3, 9, 10, 11, 12, 99, 100, 101, 999, 1000, 1001])
            {
                totals.UnionWith(Enumerable.Range(-3, 7).Select(near => (count * plan.PartSize) + near).Where(total => total > 0));
            }
        }

        return totals;
    }

    /// <summary>Checks a plan against the naive one, and that its parts tile the value and fit; false when there is no room.</summary>
    private static bool CheckPlan(long total, long others, int column, long chunk)
    {
        bool made = FragmentPlan.TryMake(total, others, column, chunk, out FragmentPlan plan);
        string what = $"{total} bytes, others {others}, column {column}, chunk {chunk}";
        long size = NaivePartSize(total, others, column, chunk);
        Assert.True(made == (size > 0), what);
        Assert.True(plan.PartSize == size, $"{what}: {plan.PartSize}, expected {size}");
        if (!made)
        {
            return false;
        }

        Assert.Equal(total, plan.TotalSize);
        long last = total - ((plan.PartCount - 1) * plan.PartSize);
        Assert.True(last >= 1 && last <= plan.PartSize, $"{what}: {plan.PartCount} parts, {last} bytes in the last");
        foreach (long index in (long[])[0, plan.PartCount / 2, plan.PartCount - 1])
        {
            long data = index == plan.PartCount - 1 ? last : plan.PartSize;
            long payload = 32 + others + Encoded(NameLength(index, plan.PartCount, total, column)) + Encoded(data);
            Assert.True(payload <= chunk, $"{what}: {payload} bytes in part {index}");
        }

        return true;
    }

    private static long NaivePartSize(long total, long others, int column, long chunk)
    {
        long Room(long index, long count)
        {
            long fixedSize = 32 + others + Encoded(NameLength(index, count, total, column));
            long room = chunk - fixedSize;
            while (room > 0 && fixedSize + Encoded(room) > chunk)
            {
                room -= fixedSize + Encoded(room) - chunk;
            }

            return room;
        }

        long size = Room(0, 1);
        for (int round = 0; round < 8 && size > 0; round++)
        {
            long count = (total / size) + (total % size == 0 ? 0 : 1);
            long next = Room(count - 1, count);
            if (next == size)
            {
                break;
            }

            size = next;
        }

        return Math.Max(size, 0);
    }

    private static long NameLength(long index, long count, long total, int column) =>
        $"__cloudsync_frag_v1__:{new string('0', 32)}:{new string('0', 16)}:{index}:{count}:{total}:".Length + column;

    private static long Encoded(long length) =>
        length + (length < 1L << 8 ? 2 : length < 1L << 16 ? 3 : length < 1L << 24 ? 4 : length < 1L << 32 ? 5 : 6);
}
