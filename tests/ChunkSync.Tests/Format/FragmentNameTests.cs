using System.Globalization;
using System.Text;
using ChunkSync.Format;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Format;

/// <summary>The column names of fragment rows.</summary>
public unsafe class FragmentNameTests(ITestOutputHelper output)
{
    private const string Id = "4cf274bf1dd5b17c2fb3b6ac8b0630ef";
    private const string Sum = "0bbdcc873119022f";
    private const string Start = "__cloudsync_frag_v1__:" + Id + ":" + Sum + ":";

    [Fact]
    public void Name_equals_the_recorded_one_when_the_worked_example_is_named()
    {
        Assert.True(FragmentPlan.TryMake(262_004, 39, 1, 262_144, out FragmentPlan plan));
        Assert.Equal(Start + "0:2:262004:b", Written(FragmentIdentityTests.Recorded(), 0, plan, "b"u8));
        Assert.Equal(Start + "1:2:262004:b", Written(FragmentIdentityTests.Recorded(), 1, plan, "b"u8));
    }

    [Fact]
    public void Name_parses_back_when_it_is_written()
    {
        Random random = new(Seed.Next(output));
        string[] columns = ["", "a", "b:c", ":", "größe", "a b\"c", "1:2:3:x", new string('n', 300), "a\u001Fblock"];
        for (int round = 0; round < 5000; round++)
        {
            byte[] column = Encoding.UTF8.GetBytes(columns[random.Next(columns.Length)]);
            long total = random.Next(1, 10) * (long)Math.Pow(10, random.Next(0, 9));
            if (!FragmentPlan.TryMake(total, random.Next(20, 100), column.Length, random.Next(200, 2000), out FragmentPlan plan))
            {
                continue;
            }

            long index = random.Next(3) == 0 ? plan.PartCount - 1 : random.NextInt64(plan.PartCount);
            FragmentIdentity identity = FragmentIdentity.Of(
                default, default, column, default, random.Next(), 0, 0, 0, (ulong)random.NextInt64() >> random.Next(64), total);
            byte[] name = Encoding.UTF8.GetBytes(Written(identity, index, plan, column));
            Assert.True(FragmentName.TryParse(name, out FragmentName parsed));
            Assert.Equal(identity.High.ToString("x16") + identity.Low.ToString("x16"), Encoding.ASCII.GetString(parsed.ValueId));
            Assert.Equal(identity.Checksum.ToString("x16"), Encoding.ASCII.GetString(parsed.Checksum));
            Assert.Equal((index, plan.PartCount, total), (parsed.PartIndex, parsed.PartCount, parsed.TotalSize));
            Assert.True(parsed.Column.SequenceEqual(column));
        }
    }

    [Theory]
    [InlineData("0:1:1:", "")]
    [InlineData("0:1:0:a", "a")]
    [InlineData("007:0008:09:a", "a")]
    [InlineData("0:1:9223372036854775799:a", "a")]
    [InlineData("999999999999999998:999999999999999999:1:a:b", "a:b")]
    public void Name_is_parsed_when_its_numbers_are_plain(string rest, string column)
    {
        Assert.True(Parse(Start + rest, out string? parsed));
        Assert.Equal(column, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("b")]
    [InlineData("__cloudsync_frag_v1__")]
    [InlineData("__cloudsync_frag_v1__:")]
    [InlineData("__cloudsync_frag_v2__:" + Id + ":" + Sum + ":0:2:9:b")]
    [InlineData("_CLOUDSYNC_FRAG_V1__:" + Id + ":" + Sum + ":0:2:9:b")]
    [InlineData(" __cloudsync_frag_v1__:" + Id + ":" + Sum + ":0:2:9:b")]
    [InlineData("__cloudsync_frag_v1__:" + Id + "0:" + Sum + ":0:2:9:b")]
    [InlineData("__cloudsync_frag_v1__:" + Sum + ":" + Sum + ":0:2:9:b")]
    [InlineData("__cloudsync_frag_v1__:" + Id + ":" + Sum + "0:0:2:9:b")]
    [InlineData("__cloudsync_frag_v1__:" + Id + ":0bbdcc87:0:2:9:b")]
    [InlineData("__cloudsync_frag_v1__:" + Id + ":" + Id + ":0:2:9:b")]
    [InlineData("__cloudsync_frag_v1__:" + Id + "-" + Sum + ":0:2:9:b")]
    [InlineData("__cloudsync_frag_v1__:" + Id + ":" + Sum + "-0:2:9:b")]
    [InlineData(Start)]
    [InlineData(Start + "0")]
    [InlineData(Start + "0:2")]
    [InlineData(Start + "0:2:9")]
    [InlineData(Start + ":2:9:b")]
    [InlineData(Start + "0::9:b")]
    [InlineData(Start + "0:2::b")]
    [InlineData(Start + "2:2:9:b")]
    [InlineData(Start + "3:2:9:b")]
    [InlineData(Start + "0:0:9:b")]
    [InlineData(Start + "-1:2:9:b")]
    [InlineData(Start + "+0:2:9:b")]
    [InlineData(Start + " 0:2:9:b")]
    [InlineData(Start + "0 :2:9:b")]
    [InlineData(Start + "0x1:2:9:b")]
    [InlineData(Start + "/:2:9:b")]
    [InlineData(Start + "0:;:9:b")]
    [InlineData(Start + "0:2:9.0:b")]
    [InlineData(Start + "0:2:1e3:b")]
    [InlineData(Start + "0:-2:9:b")]
    [InlineData(Start + "0:2:9223372036854775808:b")]
    [InlineData(Start + "0:2:9999999999999999999:b")]
    [InlineData(Start + "0:18446744073709551617:9:b")]
    [InlineData(Start + "0:2:00000000000000000009:b")]
    public void Name_is_refused_when_it_is_malformed(string name) => Assert.False(Parse(name, out _));

    [Fact]
    public void Name_is_refused_when_it_is_cut_before_its_last_colon()
    {
        const string Name = Start + "12:345:67890:";
        for (int length = 0; length < Name.Length; length++)
        {
            Assert.False(Parse(Name[..length], out _), Name[..length]);
        }

        Assert.True(Parse(Name, out string? column));
        Assert.Equal("", column);
    }

    [Fact]
    public void Parsed_parts_are_in_order_when_names_are_damaged()
    {
        Random random = new(Seed.Next(output));
        byte[] name = Encoding.ASCII.GetBytes(Start + "12:345:67890:column");
        using GuardedBuffer memory = new(name.Length);
        int accepted = 0;
        for (int round = 0; round < 100_000; round++)
        {
            byte[] damaged = [.. name];
            for (int i = random.Next(1, 4); i > 0; i--)
            {
                damaged[random.Next(20, damaged.Length)] = (byte)":0123456789-a\0"[random.Next(14)];
            }

            int length = random.Next(4) == 0 ? random.Next(damaged.Length) : damaged.Length;
            byte* at = memory.Put(damaged.AsSpan(0, length));
            if (FragmentName.TryParse(new ReadOnlySpan<byte>(at, length), out FragmentName parsed))
            {
                Assert.True(parsed.PartIndex >= 0 && parsed.PartIndex < parsed.PartCount && parsed.TotalSize >= 0);
                Assert.Equal((32, 16), (parsed.ValueId.Length, parsed.Checksum.Length));
                Assert.Equal((':', ':'), ((char)damaged[Start.Length - 18], (char)damaged[Start.Length - 1]));
                string[] pieces = Encoding.Latin1.GetString(damaged, 0, length)[Start.Length..].Split(':', 4);
                Assert.Equal(pieces[..3].Select(Number), [parsed.PartIndex, parsed.PartCount, parsed.TotalSize]);
                Assert.Equal(pieces[3], Encoding.Latin1.GetString(parsed.Column));
                accepted++;
            }
        }

        Assert.InRange(accepted, 1000, 99_000);
    }

    private static long Number(string digits) => long.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);

    private static bool Parse(string name, out string? column)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        using GuardedBuffer memory = new(bytes.Length);
        bool parses = FragmentName.TryParse(new ReadOnlySpan<byte>(memory.Put(bytes), bytes.Length), out FragmentName parsed);
        column = parses ? Encoding.UTF8.GetString(parsed.Column) : null;
        return parses;
    }

    private static string Written(in FragmentIdentity identity, long index, in FragmentPlan plan, ReadOnlySpan<byte> column)
    {
        int length = (int)FragmentName.LengthOf(index, plan.PartCount, plan.TotalSize, column.Length);
        using GuardedBuffer memory = new(length);
        byte* at = memory.TakeAtEnd(length);
        FragmentName.Write(new Span<byte>(at, length), identity, index, plan, column);
        memory.AssertUntouchedBeside(at, length);
        string name = Encoding.UTF8.GetString(at, length);
        Assert.EndsWith($":{index}:{plan.PartCount}:{plan.TotalSize}:{Encoding.UTF8.GetString(column)}", name, StringComparison.Ordinal);
        return name;
    }
}
