using System.Buffers.Binary;
using ChunkSync.Format;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Format;

/// <summary>What the parts of one value share.</summary>
public class FragmentIdentityTests(ITestOutputHelper output)
{
    [Fact]
    public void Identity_equals_the_recorded_one_when_the_worked_example_is_identified()
    {
        FragmentIdentity identity = Recorded();
        Assert.Equal(0x0BBDCC873119022FUL, identity.Checksum);
        Assert.Equal((0x4CF274BF1DD5B17CUL, 0x2FB3B6AC8B0630EFUL), (identity.High, identity.Low));
    }

    [Fact]
    public void Identity_equals_the_naive_one_when_fields_are_random()
    {
        Random random = new(Seed.Next(output));
        for (int round = 0; round < 2000; round++)
        {
            Fields fields = new(random);
            (ulong high, ulong low) = fields.Naive();
            FragmentIdentity identity = fields.Identity();
            Assert.Equal((high, low, fields.Checksum), (identity.High, identity.Low, identity.Checksum));
        }
    }

    [Fact]
    public void Both_halves_differ_when_any_field_differs()
    {
        Fields fields = new(new Random(Seed.Next(output)));
        List<FragmentIdentity> identities = [fields.Identity()];
        byte[][] texts = [fields.Table, fields.Key, fields.Column, fields.Site];
        foreach (byte[] text in texts)
        {
            text[0] ^= 1;
            identities.Add(fields.Identity());
            text[0] ^= 1;
        }

        for (int i = 0; i < fields.Numbers.Length; i++)
        {
            fields.Numbers[i] ^= 1L << 40;
            identities.Add(fields.Identity());
            fields.Numbers[i] ^= 1L << 40;
        }

        Assert.Equal(11, identities.Count);
        Assert.Equal(11, identities.Select(identity => identity.High).Distinct().Count());
        Assert.Equal(11, identities.Select(identity => identity.Low).Distinct().Count());
    }

    [Fact]
    public void First_half_differs_when_a_byte_moves_to_the_next_field()
    {
        FragmentIdentity one = FragmentIdentity.Of("ab"u8, "c"u8, "d"u8, "e"u8, 1, 1, 1, 1, 1, 1);
        FragmentIdentity two = FragmentIdentity.Of("a"u8, "bc"u8, "d"u8, "e"u8, 1, 1, 1, 1, 1, 1);
        FragmentIdentity three = FragmentIdentity.Of("a"u8, "b"u8, "cd"u8, "e"u8, 1, 1, 1, 1, 1, 1);
        Assert.Equal(3, new HashSet<ulong> { one.High, two.High, three.High }.Count);
    }

    /// <summary>The recorded value: 262,000 times 'g' as a BLOB.</summary>
    internal static FragmentIdentity Recorded()
    {
        byte[] value = Wire.Encode(Enumerable.Repeat((byte)'g', 262_000).ToArray());
        Assert.Equal("1C03FF70676767", Convert.ToHexString(value.AsSpan(0, 7)));
        return FragmentIdentity.Of(
            "t"u8, Convert.FromHexString("010B056564676533"), "b"u8, Convert.FromHexString(WorkedExamples.Site),
            columnVersion: 1, dbVersion: 2, causalLength: 1, seq: 5, Fnv1a64.Of(value), value.Length);
    }

    /// <summary>The fields of a change that its identity is made of.</summary>
    private sealed class Fields
    {
        public Fields(Random random)
        {
            foreach (byte[] text in (byte[][])[Table, Key, Column, Site])
            {
                random.NextBytes(text);
            }

            for (int i = 0; i < Numbers.Length; i++)
            {
                Numbers[i] = random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
            }
        }

        public byte[] Table { get; } = new byte[5];

        public byte[] Key { get; } = new byte[9];

        public byte[] Column { get; } = new byte[3];

        public byte[] Site { get; } = new byte[16];

        /// <summary>col_version, db_version, cl, seq, checksum, total_size.</summary>
        public long[] Numbers { get; } = new long[6];

        public ulong Checksum => (ulong)Numbers[4];

        public FragmentIdentity Identity() => FragmentIdentity.Of(
            Table, Key, Column, Site, Numbers[0], Numbers[1], Numbers[2], Numbers[3], Checksum, Numbers[5]);

        public (ulong High, ulong Low) Naive()
        {
            byte[][] numbers = [.. Numbers.Select(BigEndian)];
            byte[] first =
            [
                .. Table, 0x1F, .. Key, 0x1F, .. Column, 0x1F, .. Site,
                .. numbers[0], .. numbers[1], .. numbers[2], .. numbers[3], .. numbers[4], .. numbers[5],
            ];
            byte[] second =
            [
                .. numbers[5], .. numbers[4], .. Site, .. Column, .. Key, .. Table,
                .. numbers[3], .. numbers[2], .. numbers[1], .. numbers[0],
            ];
            return (Hash(14695981039346656037, first), Hash(1099511628211, second));
        }

        private static byte[] BigEndian(long number)
        {
            byte[] bytes = new byte[8];
            BinaryPrimitives.WriteInt64BigEndian(bytes, number);
            return bytes;
        }

        private static ulong Hash(ulong state, byte[] data) =>
            data.Aggregate(state, (hash, letter) => unchecked((hash ^ letter) * 1099511628211UL));
    }
}
