using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

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
