using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace ChunkSync.Format;

/// <summary>Reads encoded values (see <see cref="ValueCodec"/>) from untrusted memory: nothing is read past the
/// end, and malformed input is refused, not interpreted.</summary>
/// <remarks>Refused: n outside 1-8 for integers, text and blobs; n other than 0 for the rest; magnitudes over 2^63-1; lengths
/// behind the end. Accepted: more bytes of number than needed.</remarks>
internal unsafe struct ValueReader
{
    private readonly byte* start;
    private readonly byte* end;
    private byte* next;

    public ValueReader(byte* data, long length)
    {
        start = data;
        next = data;
        end = data + Math.Max(length, 0);
    }

    /// <summary>Bytes read so far.</summary>
    public readonly long Offset => next - start;

    /// <summary>Bytes left.</summary>
    public readonly long Remaining => end - next;

    /// <summary>Reads one value; false, with <see cref="Offset"/> where it was, when there is none that is well formed.</summary>
    public bool TryRead(out WireValue value)
    {
        value = default;
        byte* at = next;
        if (at >= end)
        {
            return false;
        }

        int kind = *at & 7;
        int count = *at >> 3;
        at++;
        if (count > end - at)
        {
            return false;
        }

        switch (kind)
        {
            case ValueCodec.Integer or ValueCodec.NegativeInteger:
                if (!TryMagnitude(at, count, out ulong magnitude) || magnitude > long.MaxValue)
                {
                    return false;
                }

                value.Kind = WireKind.Integer;
                value.Integer = kind == ValueCodec.Integer ? (long)magnitude : -(long)magnitude;
                at += count;
                break;
            case ValueCodec.Text or ValueCodec.Blob:
                if (!TryMagnitude(at, count, out ulong length) || length > (ulong)(end - at - count))
                {
                    return false;
                }

                at += count;
                value.Kind = kind == ValueCodec.Text ? WireKind.Text : WireKind.Blob;
                value.Data = at;
                value.Length = (long)length;
                at += length;
                break;
            case ValueCodec.Real or ValueCodec.NegativeReal:
                if (count != 0 || end - at < 8)
                {
                    return false;
                }

                double real = BinaryPrimitives.ReadDoubleLittleEndian(new ReadOnlySpan<byte>(at, 8));
                value.Kind = WireKind.Real;
                value.Real = kind == ValueCodec.Real ? real : -real;
                at += 8;
                break;
            default:
                if (count != 0)
                {
                    return false;
                }

                value.Kind = kind == ValueCodec.Null ? WireKind.Null : WireKind.Integer;
                value.Integer = long.MinValue;
                break;
        }

        next = at;
        return true;
    }

    /// <summary>Reads a TEXT or BLOB without making a <see cref="WireValue"/> of it; false, with nothing read, when the next value is
    /// neither or is malformed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReadBytes(out byte* data, out int length)
    {
        byte* at = next;
        data = null;
        length = 0;
        if (end - at < 2 || (*at & 7) is not (ValueCodec.Text or ValueCodec.Blob) || *at >> 3 > end - at - 1
            || !TryMagnitude(at + 1, *at >> 3, out ulong size))
        {
            return false;
        }

        at += 1 + (*at >> 3);
        if (size > (ulong)(end - at))
        {
            return false;
        }

        data = at;
        length = (int)size;
        next = at + size;
        return true;
    }

    /// <summary>Reads a non-negative integer; false, with nothing read, when the next value is not one or is malformed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReadNatural(out long number)
    {
        byte* at = next;
        number = 0;
        if (end - at < 2 || (*at & 7) != ValueCodec.Integer || *at >> 3 > end - at - 1
            || !TryMagnitude(at + 1, *at >> 3, out ulong magnitude) || magnitude > long.MaxValue)
        {
            return false;
        }

        number = (long)magnitude;
        next = at + 1 + (*at >> 3);
        return true;
    }

    /// <summary>Reads an integer; false, with nothing read, when the next value is not one or is malformed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReadInteger(out long number) => TryReadNatural(out number) || TryReadSigned(out number);

    /// <summary>Passes over one value of any kind; false, with nothing read, when it is malformed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TrySkip() => TryReadBytes(out _, out _) || TryReadNatural(out _) || TryRead(out _);

    private bool TryReadSigned(out long number)
    {
        ValueReader before = this;
        bool isInteger = TryRead(out WireValue value) && value.Kind == WireKind.Integer;
        number = value.Integer;
        if (!isInteger)
        {
            this = before;
        }

        return isInteger;
    }

    /// <summary>A big-endian number; the caller has checked that its bytes are there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly bool TryMagnitude(byte* at, int count, out ulong magnitude)
    {
        if (count == 1)
        {
            magnitude = *at;
            return true;
        }

        return TryLongMagnitude(at, count, out magnitude);
    }

    private readonly bool TryLongMagnitude(byte* at, int count, out ulong magnitude)
    {
        if (count is < 1 or > 8)
        {
            magnitude = 0;
            return false;
        }

        if (end - at >= 8)
        {
            magnitude = BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(at)) >> (64 - (8 * count));
            return true;
        }

        magnitude = 0;
        for (int i = 0; i < count; i++)
        {
            magnitude = (magnitude << 8) | at[i];
        }

        return true;
    }
}
