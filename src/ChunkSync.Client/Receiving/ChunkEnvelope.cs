using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace ChunkSync.Client;

/// <summary>A chunk with what the other side must know of its place: what <see cref="SyncDatabase.ReceiveAsync(ChunkEnvelope, CancellationToken)"/> takes.</summary>
/// <remarks>As bytes it is a frame of 96 bytes and the payload. The frame, big-endian: <c>CSF1</c>, u32 payload length, the sender's site id (16), from and next as three i64
/// each, i64 0, u32 flags (1 final), u32 rows, the first 8 bytes of the SHA-256 over the bytes 0 to 87 and the payload.</remarks>
public sealed class ChunkEnvelope
{
    /// <summary>The bytes before the payload.</summary>
    public const int FrameLength = 96;

    /// <summary>The longest payload that is read: twice the largest chunk.</summary>
    public const int MaxPayloadLength = 67_108_864;

    private const uint Magic = 0x43534631;
    private const int HashedLength = 88;
    private const int CheckLength = 8;
    private const uint FinalFlag = 1;

    /// <summary>The room that is made for a payload before any of its bytes have come: its length is a word of whoever sends it.</summary>
    private const int FirstRoom = 262_144;

    private readonly Chunk? chunk;
    private readonly ReadOnlyMemory<byte> bytes;

    /// <summary>Puts a chunk and its place together.</summary>
    /// <param name="sender">The id of the stream.</param>
    /// <param name="from">The cursor that the chunk was asked for with; <see cref="ChunkCursor.Behind"/> for a window's first.</param>
    /// <param name="next">The cursor behind it.</param>
    /// <param name="isFinal">Whether it is the last one of its window.</param>
    /// <param name="payload">The payload; not copied.</param>
    /// <param name="rows">The number of changes, for those who count.</param>
    /// <exception cref="ArgumentOutOfRangeException">The payload is longer than <see cref="MaxPayloadLength"/>, or a cursor has a negative number.</exception>
    public ChunkEnvelope(SiteId sender, ChunkCursor from, ChunkCursor next, bool isFinal, ReadOnlyMemory<byte> payload, uint rows)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payload.Length, MaxPayloadLength, nameof(payload));
        Sender = sender;
        From = Checked(from, nameof(from));
        Next = Checked(next, nameof(next));
        IsFinal = isFinal;
        bytes = payload;
        Rows = rows;
    }

    internal ChunkEnvelope(SiteId sender, Chunk chunk)
        : this(sender, chunk.From, chunk.Next, chunk.IsFinal, chunk.Payload, checked((uint)chunk.Rows)) => this.chunk = chunk;

    /// <summary>The sender's site id.</summary>
    public SiteId Sender { get; }

    /// <summary>Where the chunk begins in the sender's stream.</summary>
    public ChunkCursor From { get; }

    /// <summary>Where it ends.</summary>
    public ChunkCursor Next { get; }

    /// <summary>Whether it is the last chunk of its window.</summary>
    public bool IsFinal { get; }

    /// <summary>The chunk's payload; empty where the sender found nothing.</summary>
    /// <exception cref="InvalidOperationException">It was made of a <see cref="Chunk"/>, whose <see cref="Chunk.Payload"/> is not valid any more.</exception>
    public ReadOnlyMemory<byte> Payload => chunk?.Payload ?? bytes;

    /// <summary>The number of changes.</summary>
    public uint Rows { get; }

    /// <summary>The length of frame and payload.</summary>
    public int Length => checked(FrameLength + Payload.Length);

    /// <summary>What a sender says that finds nothing where a gap is: what was there has been written again and comes later in the stream.</summary>
    /// <param name="sender">The id of the stream.</param>
    /// <param name="from">Where the gap begins.</param>
    /// <param name="until">The version with which it ends.</param>
    public static ChunkEnvelope Nothing(SiteId sender, ChunkCursor from, long until) =>
        new(sender, from, new ChunkCursor(until, 0, 0), true, default, 0);

    /// <summary>Reads an envelope from the beginning of a buffer.</summary>
    /// <param name="bytes">What has arrived so far.</param>
    /// <param name="envelope">The envelope; its payload lies in <paramref name="bytes"/>. Null where it is not all there yet.</param>
    /// <returns>Whether it was all there; its length is <see cref="Length"/>.</returns>
    /// <exception cref="InvalidDataException">The bytes are no envelope, or were changed on the way.</exception>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out ChunkEnvelope? envelope)
    {
        envelope = null;
        if (bytes.Length < FrameLength)
        {
            return false;
        }

        int payload = ReadLength(bytes.Span);
        if (bytes.Length - FrameLength < payload)
        {
            return false;
        }

        envelope = Read(bytes.Span[..FrameLength], bytes.Slice(FrameLength, payload));
        return true;
    }

    /// <summary>Reads an envelope from a stream.</summary>
    /// <param name="source">The stream.</param>
    /// <param name="cancellationToken">Ends the wait for bytes.</param>
    /// <returns>The envelope, with a payload of its own; null at the end of the stream.</returns>
    /// <exception cref="InvalidDataException">The bytes are no envelope, or were changed on the way.</exception>
    /// <exception cref="EndOfStreamException">The stream ends inside of an envelope.</exception>
    public static async Task<ChunkEnvelope?> ReadFromAsync(Stream source, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        byte[] frame = new byte[FrameLength];
        int read = await source.ReadAtLeastAsync(frame, FrameLength, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        if (read == 0)
        {
            return null;
        }

        if (read < FrameLength)
        {
            throw new EndOfStreamException($"the stream ends after {read} of the {FrameLength} bytes of a frame");
        }

        byte[] payload = await ReadPayloadAsync(source, ReadLength(frame), cancellationToken).ConfigureAwait(false);
        return Read(frame, payload);
    }

    /// <summary>Reads a payload. Room for it grows with what arrives: 96 bytes of a stranger do not make it take 64 MiB.</summary>
    private static async ValueTask<byte[]> ReadPayloadAsync(Stream source, int length, CancellationToken cancellationToken)
    {
        byte[] payload = new byte[Math.Min(length, FirstRoom)];
        int filled = 0;
        while (true)
        {
            filled += await source.ReadAtLeastAsync(payload.AsMemory(filled), payload.Length - filled, throwOnEndOfStream: false, cancellationToken)
                .ConfigureAwait(false);
            if (filled < payload.Length)
            {
                throw new EndOfStreamException($"the stream ends after {filled} of the {length} bytes of a payload");
            }

            if (filled == length)
            {
                return payload;
            }

            Array.Resize(ref payload, (int)Math.Min(length, 2L * filled));
        }
    }

    /// <summary>Writes frame and payload.</summary>
    /// <param name="target">Where they go.</param>
    public void WriteTo(IBufferWriter<byte> target)
    {
        ArgumentNullException.ThrowIfNull(target);
        WriteFrame(target.GetSpan(FrameLength)[..FrameLength]);
        target.Advance(FrameLength);
        target.Write(Payload.Span);
    }

    /// <summary>Writes frame and payload.</summary>
    /// <param name="target">Where they go.</param>
    /// <param name="cancellationToken">Ends the write.</param>
    public async Task WriteToAsync(Stream target, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        byte[] frame = ArrayPool<byte>.Shared.Rent(FrameLength);
        try
        {
            WriteFrame(frame.AsSpan(0, FrameLength));
            await target.WriteAsync(frame.AsMemory(0, FrameLength), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(frame);
        }

        await target.WriteAsync(Payload, cancellationToken).ConfigureAwait(false);
    }

    private static ChunkEnvelope Read(ReadOnlySpan<byte> frame, ReadOnlyMemory<byte> payload)
    {
        Span<byte> check = stackalloc byte[CheckLength];
        Check(frame, payload.Span, check);
        uint flags = BinaryPrimitives.ReadUInt32BigEndian(frame[80..]);
        ChunkCursor from = ReadCursor(frame[24..]);
        ChunkCursor next = ReadCursor(frame[48..]);
        if (!check.SequenceEqual(frame[HashedLength..]))
        {
            throw new InvalidDataException("the check of a chunk's envelope does not fit: its bytes were changed on the way");
        }

        if (BinaryPrimitives.ReadInt64BigEndian(frame[72..]) != 0 || flags > FinalFlag || HasNegative(from) || HasNegative(next))
        {
            throw new InvalidDataException("a chunk's envelope has numbers that this version does not know");
        }

        return new ChunkEnvelope(
            new SiteId(frame.Slice(8, SiteId.Length)), from, next, flags == FinalFlag, payload, BinaryPrimitives.ReadUInt32BigEndian(frame[84..]));
    }

    private static int ReadLength(ReadOnlySpan<byte> frame)
    {
        if (BinaryPrimitives.ReadUInt32BigEndian(frame) != Magic)
        {
            throw new InvalidDataException("this is no chunk's envelope: it does not begin with CSF1");
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(frame[4..]);
        return length <= MaxPayloadLength
            ? (int)length
            : throw new InvalidDataException($"a chunk's envelope says that its payload has {length} bytes, more than {MaxPayloadLength}");
    }

    private static ChunkCursor ReadCursor(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadInt64BigEndian(bytes), BinaryPrimitives.ReadInt64BigEndian(bytes[8..]), BinaryPrimitives.ReadInt64BigEndian(bytes[16..]));

    private static ChunkCursor Checked(ChunkCursor cursor, string name) =>
        HasNegative(cursor) ? throw new ArgumentOutOfRangeException(name, cursor, "a cursor has a negative number") : cursor;

    private static bool HasNegative(ChunkCursor cursor) => (cursor.DbVersion | cursor.Seq | cursor.Offset) < 0;

    private static void WriteCursor(Span<byte> bytes, ChunkCursor cursor)
    {
        BinaryPrimitives.WriteInt64BigEndian(bytes, cursor.DbVersion);
        BinaryPrimitives.WriteInt64BigEndian(bytes[8..], cursor.Seq);
        BinaryPrimitives.WriteInt64BigEndian(bytes[16..], cursor.Offset);
    }

    private static void Check(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> payload, Span<byte> check)
    {
        Span<byte> all = stackalloc byte[Sha256.Length];
        Sha256.Hash(frame[..HashedLength], payload, all);
        all[..CheckLength].CopyTo(check);
    }

    private void WriteFrame(Span<byte> frame)
    {
        frame.Clear();
        BinaryPrimitives.WriteUInt32BigEndian(frame, Magic);
        BinaryPrimitives.WriteUInt32BigEndian(frame[4..], (uint)Payload.Length);
        Sender.CopyTo(frame[8..]);
        WriteCursor(frame[24..], From);
        WriteCursor(frame[48..], Next);
        BinaryPrimitives.WriteUInt32BigEndian(frame[80..], IsFinal ? FinalFlag : 0);
        BinaryPrimitives.WriteUInt32BigEndian(frame[84..], Rows);
        Check(frame, Payload.Span, frame[HashedLength..]);
    }
}
