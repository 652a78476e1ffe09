using System.Buffers.Binary;

namespace ChunkSync.Payload;

/// <summary>Reads encoded values (see <see cref="ValueCodec"/>) from memory that nobody vouches for: nothing is read past the
/// end, and malformed input is refused, not interpreted.</summary>
/// <remarks>Refused: n outside 1-8 for integers, text and blobs; n other than 0 for the rest; magnitudes over 2^63-1; lengths
/// behind the end. Accepted: more bytes of number than needed.</remarks>
internal unsafe struct PayloadReader
{
    private readonly byte* start;
    private readonly byte* end;
    private byte* next;

    public PayloadReader(byte* data, long length)
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

    private static bool TryMagnitude(byte* at, int count, out ulong magnitude)
    {
        magnitude = 0;
        if (count is < 1 or > 8)
        {
            return false;
        }

        for (int i = 0; i < count; i++)
        {
            magnitude = (magnitude << 8) | at[i];
        }

        return true;
    }
}
