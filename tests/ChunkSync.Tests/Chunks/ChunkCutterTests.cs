using ChunkSync.Changes;
using ChunkSync.Chunks;
using ChunkSync.Format;
using ChunkSync.Merge;
using ChunkSync.Sqlite;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Chunks;

/// <summary>Cutting alone, fed from a list: where chunks end, to the byte.</summary>
public sealed unsafe class ChunkCutterTests : IDisposable
{
    private const long Max = 262_144;
    private const long Largest = Max - 32 - 16_384;

    /// <summary>Lends its allocator to chunk bodies.</summary>
    private readonly Database allocator = Database.Open();
    private readonly ListSource source = new();
    private readonly ChunkBody body = new();
    private readonly ITestOutputHelper output;

    public ChunkCutterTests(ITestOutputHelper output) => this.output = output;

    /// <summary>A chunk as it came: numbers, bytes, and what the cutter said of its position.</summary>
    private sealed record Cut(long Rows, long Min, long Max, ResumePoint Next, bool IsFinal, bool Capped, long WindowBytes, byte Version, byte[] Body);

    public void Dispose()
    {
        body.Dispose();
        source.Dispose();
        allocator.Dispose();
    }

    [Theory]
    [InlineData(-1, 3)]
    [InlineData(0, 3)]
    [InlineData(1, 2)]
    public void Chunk_takes_a_row_when_it_fits_to_the_byte(int excess, long rowsInFirst)
    {
        source.Add(100_000, 1, 0);
        source.Add(100_000, 1, 1);
        source.Add(Max - 32 - 200_000 + excess, 1, 2);
        source.Add(100, 2, 0);
        List<Cut> chunks = Scan(Max);
        Assert.Equal(rowsInFirst, chunks[0].Rows);
        Assert.Equal(2, chunks.Count);
        Assert.Equal(200_000 + (rowsInFirst == 3 ? Max - 32 - 200_000 + excess : 0), chunks[0].Body.Length);
        Assert.Equal(rowsInFirst == 3 ? new ResumePoint(2, 0, 0) : new ResumePoint(1, 2, 0), chunks[0].Next);
        Assert.Equal(new ResumePoint(2, 0, 0), chunks[1].Next);
        Assert.True(chunks[1].IsFinal);
    }

    [Theory]
    [InlineData(Largest, 2)]
    [InlineData(Largest + 1, 3)]
    public void Row_is_cut_when_it_leaves_less_than_the_reserve(long size, byte version)
    {
        source.Add(size, 1, 0);
        List<Cut> chunks = Scan(Max);
        Assert.All(chunks, chunk => Assert.Equal(version, chunk.Version));
        Assert.Single(chunks);
        Assert.True(chunks[0].IsFinal);
    }

    [Fact]
    public void Oversized_row_closes_the_chunk_before_it_when_there_is_room_for_more()
    {
        source.Add(100, 1, 0);
        source.Add(Largest + 1, 1, 1);
        source.Add(100, 1, 2);
        source.Add(100, 1, 3);
        List<Cut> chunks = Scan(Max);
        Assert.Equal([(2, 1L), (3, 1L), (2, 2L)], chunks.Select(chunk => ((int)chunk.Version, chunk.Rows)));
        Assert.Equal([new ResumePoint(1, 1, 0), new ResumePoint(1, 2, 0), new ResumePoint(1, 0, 0)], chunks.Select(chunk => chunk.Next));
    }

    [Fact]
    public void First_row_goes_in_when_the_window_is_spent_already()
    {
        source.Add(1000, 1, 0);
        source.Add(1000, 2, 0);
        Cut only = Assert.Single(Scan(Max, cap: 500, spent: 10_000));
        Assert.Equal((1L, true, true, 1L, 11_032L), (only.Rows, only.IsFinal, only.Capped, only.Max, only.WindowBytes));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Parts_tile_the_value_when_a_row_is_cut(bool inPieces)
    {
        source.Add(300, 1, 0);
        source.Add(1_000_000, 1, 1, inPieces);
        source.Add(300, 2, 0);
        List<Cut> chunks = Scan(Max);
        List<Cut> parts = chunks[1..^1];
        Assert.Equal(4, parts.Count);
        List<byte> value = [];
        for (int i = 0; i < parts.Count; i++)
        {
            Assert.Equal((3L, 1L), ((long)parts[i].Version, parts[i].Rows));
            Assert.InRange(parts[i].Body.Length, 1, Max - 32);
            fixed (byte* bytes = parts[i].Body)
            {
                ValueReader reader = new(bytes, parts[i].Body.Length);
                FragmentRow part = FragmentRow.Read(ref reader, 0);
                Assert.Equal((i, 4L), (part.PartIndex, part.PartCount));
                value.AddRange(new ReadOnlySpan<byte>(part.Data, (int)part.DataLength));
            }

            Assert.Equal(i < 3 ? new ResumePoint(1, 1, value.Count) : new ResumePoint(2, 0, 0), parts[i].Next);
        }

        // Lead byte: BLOB with a length of three bytes.
        int length = source.Data(1).Length;
        Assert.Equal([(3 << 3) | 4, (byte)(length >> 16), (byte)(length >> 8), (byte)length], value.Take(4));
        Assert.True(source.Data(1).SequenceEqual(value.Skip(4).ToArray()));
        Assert.Equal(1, source.ChecksumsStored);
    }

    [Theory]
    [InlineData(32 + 1500, 3)]
    [InlineData(32 + 1501, 4)]
    [InlineData(32 + 2000, 4)]
    [InlineData(32 + 2001, 5)]
    [InlineData(1, 1)]
    public void Window_ends_at_a_version_when_its_bytes_are_spent(long cap, long rows)
    {
        // Versions of 500, 1,000 (two rows), 500 and 500 bytes.
        (long, long)[] positions = [(1, 0), (2, 0), (2, 1), (3, 0), (4, 0)];
        foreach ((long version, long seq) in positions)
        {
            source.Add(500, version, seq);
        }

        List<Cut> chunks = Scan(Max, cap);
        Assert.Equal(rows, chunks.Sum(chunk => chunk.Rows));
        bool all = rows == 5;
        Cut last = chunks[^1];
        Assert.Equal((true, !all), (last.IsFinal, last.Capped));
        Assert.Equal(all ? new ResumePoint(4, 0, 0) : new ResumePoint(positions[rows - 1].Item1, 0, 0), last.Next);
    }

    [Fact]
    public void Window_goes_on_when_its_bytes_are_spent_inside_a_value_or_a_version()
    {
        source.Add(900_000, 1, 0);
        source.Add(200, 1, 1);
        source.Add(200, 2, 0);
        List<Cut> chunks = Scan(Max, cap: 1);
        Assert.Equal([1, 1, 1, 1, 1], chunks.Select(chunk => chunk.Rows));
        Assert.Equal([false, false, false, false, true], chunks.Select(chunk => chunk.Capped));
        Assert.Equal(new ResumePoint(1, 0, 0), chunks[^1].Next);
    }

    [Fact]
    public void Row_is_refused_when_its_key_leaves_no_room_in_a_chunk()
    {
        source.AddNumber(300_000, 1, 0);
        EngineException failure = Assert.Throws<EngineException>(() => Scan(Max));
        Assert.Equal(ResultCode.TooBig, failure.Code);
        Assert.Contains("a key of 300000 bytes", failure.Message);
    }

    [Fact]
    public void Chunks_tile_the_stream_when_sizes_and_positions_are_random()
    {
        Random random = new(Seed.Next(output));
        int cuts = 0;
        for (int round = 0; round < 30; round++)
        {
            using ListSource stream = RandomStream(random, random.Next(1, 80));
            long max = random.Next(20_000, 60_000);
            List<Cut> scan = Scan(stream, max, new ResumePoint(0, 0, 0));
            Assert.All(scan, chunk => Assert.InRange(chunk.Body.Length, 1, max - 32));
            Assert.Equal(stream.Count, scan.Sum(chunk => chunk.Version == 2 ? chunk.Rows : chunk.Next.Offset > 0 && IsInside(stream, chunk) ? 0 : 1));
            Assert.True(scan[^1].IsFinal && !scan[..^1].Any(chunk => chunk.IsFinal));
            Assert.Equal(scan.Select(Describe), Scan(stream, max, new ResumePoint(0, 0, 0), withBody: false).Select(Describe));

            // From every cursor the rest of the scan follows.
            for (int i = 0; i < scan.Count - 1; i++)
            {
                List<Cut> rest = Scan(stream, max, scan[i].Next);
                Assert.Equal(scan.Skip(i + 1).Select(Describe), rest.Select(Describe));
                Assert.True(scan.Skip(i + 1).Zip(rest).All(pair => pair.First.Body.AsSpan().SequenceEqual(pair.Second.Body)), "the bodies differ");
                cuts++;
            }
        }

        output.WriteLine($"{cuts} cuts");
    }

    /// <summary>Everything but the bytes of the window, which a resumed scan counts anew.</summary>
    private static string Describe(Cut cut) => $"{cut.Version}: {cut.Rows} rows, versions {cut.Min}-{cut.Max}, next {cut.Next}, final {cut.IsFinal}";

    private static ListSource RandomStream(Random random, int rows)
    {
        ListSource stream = new();
        long version = 1;
        long seq = 0;
        for (int i = 0; i < rows; i++)
        {
            stream.Add(random.Next(8) == 0 ? random.Next(5_000, 200_000) : random.Next(100, 9_000), version, seq, random.Next(2) == 0);
            switch (random.Next(3))
            {
                case 0:
                    seq += random.Next(1, 3);
                    break;
                case 1:
                    version += random.Next(1, 3);
                    seq = random.Next(3);
                    break;
            }
        }

        return stream;
    }

    /// <summary>Whether the next cursor points into the value that a fragment is a part of.</summary>
    private static bool IsInside(ListSource stream, Cut part)
    {
        long offset = 0;
        for (int i = 0; i < stream.Count; i++)
        {
            ref readonly ChangeRow change = ref stream[i];
            if ((change.DbVersion, change.Seq) == (part.Next.DbVersion, part.Next.Seq))
            {
                if (offset == part.Next.Offset)
                {
                    return false;
                }

                offset += ChangeRowCodec.SizeOf(change);
            }
        }

        return true;
    }

    private List<Cut> Scan(long max, long cap = 0, long spent = 0) => Scan(source, max, new ResumePoint(0, 0, 0), cap, spent);

    private List<Cut> Scan(ListSource stream, long max, ResumePoint from, long cap = 0, long spent = 0, bool withBody = true)
    {
        stream.Seek(from.DbVersion, from.Seq);
        using ChunkCutter cutter = new(stream, body) { WithBody = withBody };
        long watermark = stream[stream.Count - 1].DbVersion;
        cutter.Start(watermark, cap, spent);
        cutter.Resume(from, max);
        List<Cut> cuts = [];
        while (cutter.TryCut(max, out Chunk chunk))
        {
            Assert.True(cuts.Count < 10_000, "the scan does not end");
            cuts.Add(new Cut(
                chunk.Rows, chunk.DbVersionMin, chunk.DbVersionMax, chunk.Next, chunk.IsFinal, chunk.WindowCapped, chunk.WindowBytes,
                chunk.Version, new ReadOnlySpan<byte>(body.Data, withBody ? body.Length : 0).ToArray()));
        }

        return cuts;
    }
}
