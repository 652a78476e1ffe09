using ChunkSync.Format;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Format;

/// <summary>Change rows as bytes: nine encoded values, one behind the other.</summary>
public unsafe class ChangeRowCodecTests(ITestOutputHelper output)
{
    private const int Rounds = 2_000;

    private static readonly string[] Fields = ["tbl", "pk", "col_name", "col_value", "col_version", "db_version", "site_id", "cl", "seq"];

    private static readonly object?[] Usual = ["t", new byte[] { 1, 9, 7 }, "name", 1.5, 3L, 77L, new byte[16], 1L, 0L];

    [Fact]
    public void Row_is_its_nine_values_when_written_and_comes_back_when_read()
    {
        Random random = new(Seed.Next(output));
        List<object?> samples = Wire.Samples(70_000);
        for (int round = 0; round < Rounds; round++)
        {
            object?[] values =
            [
                Text(random), Bytes(random), Text(random), samples[random.Next(samples.Count)], Number(random), Number(random), Bytes(random),
                Number(random), Number(random),
            ];
            byte[] expected = Encode(values);
            fixed (byte* bytes = expected)
            {
                ValueReader reader = new(bytes, expected.Length);
                Assert.True(ChangeRowCodec.TryRead(ref reader, ChangeRowUse.Merge, out ChangeRow row, out _));
                Assert.Equal(0, reader.Remaining);
                AssertSame(values, row);
                reader = new ValueReader(bytes, expected.Length);
                Assert.True(ChangeRowCodec.TryRead(ref reader, ChangeRowUse.Probe, out ChangeRow probed, out _));
                AssertSame(values, probed);
                reader = new ValueReader(bytes, expected.Length);
                Assert.True(ChangeRowCodec.TryReadExact(ref reader, out ChangeRow exact, out _));
                AssertSame(values, exact);
                Assert.Equal(expected, Write(row, inPieces: false));
                Assert.Equal(expected, Write(row, inPieces: true));
            }
        }
    }

    [Fact]
    public void Row_is_refused_at_the_value_that_is_cut_off()
    {
        byte[] whole = Encode(Usual);
        for (int length = 0; length < whole.Length; length++)
        {
            int field = 0;
            int start = 0;
            while (start + Wire.Encode(Usual[field]).Length <= length)
            {
                start += Wire.Encode(Usual[field++]).Length;
            }

            foreach (ChangeRowFault fault in Faults(whole[..length]))
            {
                Assert.Equal(new ChangeRowFault(ChangeRowDefect.Undecodable, Fields[field], start), fault);
                Assert.Equal($"row 4 cannot be decoded at offset {start + 100}", fault.Describe(4, 100));
            }
        }
    }

    /// <summary>What each field may be, by what the row is read for: i is INTEGER, r REAL, t TEXT, b BLOB, n NULL.</summary>
    [Theory]
    [InlineData(0, "tb", "tb", "t")]
    [InlineData(1, "tb", "tb", "b")]
    [InlineData(2, "tbn", "irtbn", "t")]
    [InlineData(3, "irtbn", "irtbn", "irtbn")]
    [InlineData(4, "irtbn", "irtbn", "i")]
    [InlineData(5, "irtbn", "i", "i")]
    [InlineData(6, "tb", "tb", "b")]
    [InlineData(7, "irtbn", "irtbn", "i")]
    [InlineData(8, "irtbn", "i", "i")]
    public void Field_may_be_of_the_classes_that_its_reader_accepts(int field, string merged, string probed, string exact)
    {
        foreach ((char name, object? value) in new (char, object?)[] { ('i', -5L), ('r', 2.5), ('t', "12x"), ('b', "-7"u8.ToArray()), ('n', null) })
        {
            object?[] values = [.. Usual];
            values[field] = value;
            ChangeRowFault[] faults = [.. Faults(Encode(values))];
            Assert.Equal(merged.Contains(name), faults[0].Defect == ChangeRowDefect.None);
            Assert.Equal(probed.Contains(name), faults[1].Defect == ChangeRowDefect.None);
            Assert.Equal(exact.Contains(name), faults[2].Defect == ChangeRowDefect.None);
            Assert.All(faults.Where(fault => fault.Defect != ChangeRowDefect.None), fault => Assert.Equal(Fields[field], fault.Field));
        }
    }

    [Theory]
    [InlineData("12x", 12)]
    [InlineData(" \t+7", 7)]
    [InlineData("-9223372036854775809", long.MinValue)]
    [InlineData("9223372036854775808", long.MaxValue)]
    [InlineData("x", 0)]
    [InlineData(-2.9, -2)]
    [InlineData(1e300, long.MaxValue)]
    [InlineData(double.NegativeInfinity, long.MinValue)]
    [InlineData(double.NaN, 0)]
    [InlineData(null, 0)]
    public void Number_is_converted_as_sqlite_does_when_it_is_of_another_class(object? value, long expected)
    {
        byte[] bytes = Encode([.. Usual[..5], value, .. Usual[6..]]);
        fixed (byte* data = bytes)
        {
            ValueReader reader = new(data, bytes.Length);
            Assert.True(ChangeRowCodec.TryRead(ref reader, ChangeRowUse.Merge, out ChangeRow row, out _));
            Assert.Equal(expected, row.DbVersion);
        }
    }

    [Fact]
    public void Undecodable_value_counts_more_than_another_class_when_a_row_must_be_exact()
    {
        byte[] bytes = Encode([5L, .. Usual[1..]])[..^1];
        ChangeRowFault[] faults = [.. Faults(bytes)];
        Assert.Equal((ChangeRowDefect.NotBytes, "tbl"), (faults[0].Defect, faults[0].Field));
        Assert.Equal((ChangeRowDefect.Undecodable, "seq"), (faults[2].Defect, faults[2].Field));
    }

    /// <summary>What is wrong for a merge, for a probe, and for one who wants the exact classes.</summary>
    private static List<ChangeRowFault> Faults(byte[] bytes)
    {
        using GuardedBuffer memory = new(bytes.Length);
        byte* data = memory.Put(bytes);
        ValueReader reader = new(data, bytes.Length);
        List<ChangeRowFault> faults = [];
        foreach (ChangeRowUse use in (ChangeRowUse[])[ChangeRowUse.Merge, ChangeRowUse.Probe])
        {
            ValueReader start = reader;
            Assert.Equal(ChangeRowCodec.TryRead(ref start, use, out _, out ChangeRowFault fault), fault.Defect == ChangeRowDefect.None);
            faults.Add(fault);
        }

        Assert.Equal(ChangeRowCodec.TryReadExact(ref reader, out _, out ChangeRowFault last), last.Defect == ChangeRowDefect.None);
        faults.Add(last);
        return faults;
    }

    private static byte[] Write(ChangeRow row, bool inPieces)
    {
        byte* data = row.Value.Data;
        row.Value.Data = inPieces ? null : data;
        long size = ChangeRowCodec.SizeOf(row);
        using GuardedBuffer memory = new(size);
        byte* target = memory.TakeAtEnd(size);
        byte* behind = ChangeRowCodec.Write(target, row, out byte* gap);
        Assert.True(behind == memory.End, $"{size} bytes were announced, {behind - target} written");
        Assert.Equal(row.Value.IsElsewhere, gap != null);
        if (gap != null)
        {
            Buffer.MemoryCopy(data, gap, row.Value.Length, row.Value.Length);
        }

        return new ReadOnlySpan<byte>(target, (int)size).ToArray();
    }

    private static void AssertSame(object?[] values, in ChangeRow row)
    {
        Assert.True(row.TableName.SequenceEqual(Wire.DataOf(values[0]!)) && row.KeyBlob.SequenceEqual(Wire.DataOf(values[1]!)));
        Assert.True(row.ColumnName.SequenceEqual(Wire.DataOf(values[2]!)) && row.SiteId.SequenceEqual(Wire.DataOf(values[6]!)));
        Wire.AssertSame(values[3], row.Value);
        Assert.Equal(
            (values[4], values[5], values[7], values[8]),
            ((object)row.ColumnVersion, (object)row.DbVersion, (object)row.CausalLength, (object)row.Seq));
    }

    private static byte[] Encode(object?[] values) => [.. values.SelectMany(Wire.Encode)];

    private static long Number(Random random) => random.NextInt64() >> random.Next(64);

    private static string Text(Random random) => new('a', random.Next(random.Next(2) == 0 ? 12 : 600));

    private static byte[] Bytes(Random random)
    {
        byte[] bytes = new byte[random.Next(random.Next(2) == 0 ? 20 : 600)];
        random.NextBytes(bytes);
        return bytes;
    }
}
