using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using ChunkSync.Client.Tests.Host;

namespace ChunkSync.Client.Tests.Receiving;

/// <summary>The frame of an envelope, byte by byte.</summary>
public class EnvelopeTests
{
    private static readonly SiteId Sender = SiteId.Parse("0190a5b0c0de7111a222333344445555");

    private static ChunkEnvelope Sample => new(
        Sender, new ChunkCursor(12, 3, 262_144), new ChunkCursor(13, 0, 0), true, new byte[] { 1, 2, 3, 4, 5 }, 4_000_000_000);

    [Fact]
    public void Frame_is_that_of_the_page_when_it_is_written()
    {
        byte[] expected = new byte[101];
        "CSF1"u8.CopyTo(expected);
        BinaryPrimitives.WriteUInt32BigEndian(expected.AsSpan(4), 5);
        Sender.CopyTo(expected.AsSpan(8));
        long[] numbers = [12, 3, 262_144, 13, 0, 0, 0];
        for (int i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteInt64BigEndian(expected.AsSpan(24 + (8 * i)), numbers[i]);
        }

        BinaryPrimitives.WriteUInt32BigEndian(expected.AsSpan(80), 1);
        BinaryPrimitives.WriteUInt32BigEndian(expected.AsSpan(84), 4_000_000_000);
        byte[] payload = [1, 2, 3, 4, 5];
        payload.CopyTo(expected, ChunkEnvelope.FrameLength);
        SHA256.HashData([.. expected.AsSpan(0, 88), .. payload]).AsSpan(0, 8).CopyTo(expected.AsSpan(88));
        Assert.Equal(expected, Bytes(Sample));
        Assert.Equal(expected.Length, Sample.Length);
    }

    [Fact]
    public async Task Envelope_comes_back_when_it_is_read()
    {
        byte[] bytes = [.. Bytes(Sample), .. Bytes(ChunkEnvelope.Nothing(Sender, ChunkCursor.Start, 7))];
        Assert.True(ChunkEnvelope.TryRead(bytes, out ChunkEnvelope? first));
        AssertSample(first);
        Assert.True(ChunkEnvelope.TryRead(bytes.AsMemory(first.Length), out ChunkEnvelope? second));
        Assert.Equal((7, true, 0), (second.Next.DbVersion, second.IsFinal, second.Payload.Length));

        using MemoryStream stream = new();
        await Sample.WriteToAsync(stream);
        await second.WriteToAsync(stream);
        Assert.Equal(bytes, stream.ToArray());
        stream.Position = 0;
        AssertSample((await ChunkEnvelope.ReadFromAsync(stream))!);
        Assert.NotNull(await ChunkEnvelope.ReadFromAsync(stream));
        Assert.Null(await ChunkEnvelope.ReadFromAsync(stream));
    }

    [Fact]
    public async Task Bytes_that_were_changed_or_cut_off_give_no_envelope()
    {
        byte[] bytes = Bytes(Sample);
        for (int i = 0; i < bytes.Length; i++)
        {
            Assert.False(ChunkEnvelope.TryRead(bytes.AsMemory(0, i), out _), $"{i} bytes are enough");
            if (i > 0)
            {
                using MemoryStream cut = new(bytes, 0, i);
                await Assert.ThrowsAsync<EndOfStreamException>(() => ChunkEnvelope.ReadFromAsync(cut));
            }

            foreach (byte bit in (byte[])[1, 128])
            {
                byte[] changed = [.. bytes];
                changed[i] ^= bit;
                bool isWhole = true;
                try
                {
                    // A length that became larger waits for bytes that never come.
                    isWhole = ChunkEnvelope.TryRead(changed, out _);
                }
                catch (InvalidDataException)
                {
                    isWhole = false;
                }

                Assert.False(isWhole, $"byte {i} can change");
            }
        }
    }

    /// <summary>A check that fits does not make numbers right.</summary>
    [Theory]
    [InlineData(72, 1L)]
    [InlineData(24, -1L)]
    [InlineData(56, long.MinValue)]
    [InlineData(80, 2L << 32)]
    [InlineData(4, 67_108_865L << 32)]
    public void Numbers_that_cannot_be_are_refused_when_their_check_fits(int place, long number)
    {
        byte[] bytes = Bytes(Sample);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(place), number);
        SHA256.HashData([.. bytes.AsSpan(0, 88), .. bytes.AsSpan(ChunkEnvelope.FrameLength)]).AsSpan(0, 8).CopyTo(bytes.AsSpan(88));
        Assert.Throws<InvalidDataException>(() => ChunkEnvelope.TryRead(bytes, out _));
        Assert.True(ChunkEnvelope.MaxPayloadLength < 67_108_865);
    }

    [Fact]
    public async Task Envelopes_come_back_when_a_stream_gives_a_byte_at_a_time()
    {
        byte[] payload = new byte[600_000];
        new Random(5).NextBytes(payload);
        ChunkEnvelope large = new(Sender, ChunkCursor.Start, new ChunkCursor(2, 0, 0), false, payload, 7);
        using SlowStream stream = new();
        await large.WriteToAsync(stream);
        await Sample.WriteToAsync(stream);
        stream.Position = 0;
        Assert.Equal(payload, (await ChunkEnvelope.ReadFromAsync(stream))!.Payload.ToArray());
        AssertSample((await ChunkEnvelope.ReadFromAsync(stream))!);
        Assert.Null(await ChunkEnvelope.ReadFromAsync(stream));
        stream.Position = 0;
        using CancellationTokenSource cancellation = new(TimeSpan.FromMilliseconds(5));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ChunkEnvelope.ReadFromAsync(stream, cancellation.Token));
    }

    /// <summary>96 bytes of a stranger say that 64 MiB will come.</summary>
    [Fact]
    public async Task No_room_is_made_for_a_payload_that_does_not_come()
    {
        byte[] frame = Bytes(Sample)[..ChunkEnvelope.FrameLength];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), ChunkEnvelope.MaxPayloadLength);
        foreach (int arrived in (int[])[0, 1_000_000])
        {
            using MemoryStream stream = new([.. frame, .. new byte[arrived]]);
            long before = GC.GetAllocatedBytesForCurrentThread();
            EndOfStreamException end = await Assert.ThrowsAsync<EndOfStreamException>(() => ChunkEnvelope.ReadFromAsync(stream));
            long taken = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(taken < 300_000 + (4 * arrived), $"{taken} bytes");
            Assert.Equal($"the stream ends after {arrived} of the 67108864 bytes of a payload", end.Message);
        }
    }

    [Fact]
    public void Envelope_is_refused_when_no_reader_would_take_it()
    {
        byte[] large = new byte[ChunkEnvelope.MaxPayloadLength + 1];
        Assert.Throws<ArgumentOutOfRangeException>(() => new ChunkEnvelope(Sender, ChunkCursor.Start, ChunkCursor.Start, true, large, 1));
        Assert.Equal(large.Length - 1, new ChunkEnvelope(Sender, ChunkCursor.Start, ChunkCursor.Start, true, large.AsMemory(1), 1).Payload.Length);
        ChunkCursor negative = new(1, -1, 0);
        Assert.Equal("from", Assert.Throws<ArgumentOutOfRangeException>(() => new ChunkEnvelope(Sender, negative, ChunkCursor.Start, true, default, 1)).ParamName);
        Assert.Throws<ArgumentOutOfRangeException>(() => ChunkEnvelope.Nothing(Sender, ChunkCursor.Start, -1));
    }

    /// <summary>The bytes of a chunk are another one's by then: sent with this one's place, they would be wrong and have a check that fits.</summary>
    [Fact]
    public async Task Envelope_of_a_chunk_is_not_written_when_the_next_chunk_was_asked_for()
    {
        using Database database = Database.CreateFull();
        List<ChunkEnvelope> kept = [];
        await foreach (Chunk chunk in database.Sync.ReadAsync(new ChunkWindow(since: 0), new ReadOptions { MaxChunkSize = Database.SmallChunk }))
        {
            kept.Add(chunk.ToEnvelope(database.Sync.Site));
            Assert.NotEmpty(Bytes(kept[^1]));
            Assert.Throws<InvalidOperationException>(() => Bytes(kept.Count > 1 ? kept[^2] : throw new InvalidOperationException()));
        }

        Assert.All(kept, envelope => Assert.Throws<InvalidOperationException>(() => envelope.Payload));
        await Assert.ThrowsAsync<InvalidOperationException>(() => database.Sync.ReceiveAsync(kept[0]));
        database.Run("BEGIN; ROLLBACK");
    }

    private static void AssertSample(ChunkEnvelope envelope)
    {
        ChunkEnvelope sample = Sample;
        Assert.Equal((sample.Sender, sample.From, sample.Next, sample.IsFinal, sample.Rows),
            (envelope.Sender, envelope.From, envelope.Next, envelope.IsFinal, envelope.Rows));
        Assert.Equal(sample.Payload.ToArray(), envelope.Payload.ToArray());
    }

    private static byte[] Bytes(ChunkEnvelope envelope)
    {
        ArrayBufferWriter<byte> writer = new();
        envelope.WriteTo(writer);
        return writer.WrittenSpan.ToArray();
    }
}
