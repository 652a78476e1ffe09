using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ChunkSync.Format;

/// <summary>Reads encoded values (format A.4) in the forms that nearly all of them have: texts and blobs of at most 255 bytes, numbers of at most
/// seven. What is different, or lies near the end of a body, is left to <see cref="ValueReader"/>, which says what is wrong with it.</summary>
internal static unsafe class UsualForm
{
    /// <summary>The bytes that are looked at from the begin of a value on, at most.</summary>
    public const int Room = 16;

    /// <summary>By lead byte: the length of a value without the data of texts and blobs; 0 for an unusual one.</summary>
    private static ReadOnlySpan<byte> Sizes =>
    [
        0, 0, 9, 0, 0, 1, 1, 9,
        2, 2, 0, 2, 2, 0, 0, 0,
        3, 3, 0, 0, 0, 0, 0, 0,
        4, 4, 0, 0, 0, 0, 0, 0,
        5, 5, 0, 0, 0, 0, 0, 0,
        6, 6, 0, 0, 0, 0, 0, 0,
        7, 7, 0, 0, 0, 0, 0, 0,
        8, 8, 0, 0, 0, 0, 0, 0,
    ];

    private const int ShortInteger = (1 << 3) | ValueCodec.Integer;
    private const int ShortText = (1 << 3) | ValueCodec.Text;
    private const int ShortBlob = (1 << 3) | ValueCodec.Blob;
    private const int MostNumberBytes = 7;

    /// <summary>Reads a TEXT or BLOB. Its data may end behind <paramref name="limit"/>: the next value tells.</summary>
    /// <param name="at">Where it begins; moved behind it.</param>
    /// <param name="limit">The last place with <see cref="Room"/> behind it.</param>
    /// <param name="data">Its data.</param>
    /// <param name="length">The data's length.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryBytes(ref byte* at, byte* limit, out byte* data, out int length)
    {
        byte* value = at;
        data = value + 2;
        length = 0;
        if (value > limit || (uint)(*value - ShortText) > ShortBlob - ShortText)
        {
            return false;
        }

        length = value[1];
        at = data + length;
        return true;
    }

    /// <summary>Reads an integer that is not negative.</summary>
    /// <inheritdoc cref="TryBytes"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryInteger(ref byte* at, byte* limit, out long number)
    {
        byte* value = at;
        number = 0;
        if (value > limit)
        {
            return false;
        }

        // Predicted, so that the place of the next value waits for no load.
        if (*value == ShortInteger)
        {
            number = value[1];
            at = value + 2;
            return true;
        }

        int bytes = *value >> 3;
        if ((*value & 7) != ValueCodec.Integer || (uint)(bytes - 1) >= MostNumberBytes)
        {
            return false;
        }

        number = (long)(BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(value + 1)) >> (64 - (8 * bytes)));
        at = value + 1 + bytes;
        return true;
    }

    /// <summary>Passes over a value that is nearly always a small integer.</summary>
    /// <inheritdoc cref="TryBytes"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TrySkipNumber(ref byte* at, byte* limit)
    {
        byte* value = at;
        if (value > limit)
        {
            return false;
        }

        if (*value == ShortInteger)
        {
            at = value + 2;
            return true;
        }

        return TrySkip(ref at, limit);
    }

    /// <summary>Passes over a value.</summary>
    /// <inheritdoc cref="TryBytes"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TrySkip(ref byte* at, byte* limit)
    {
        byte* value = at;
        if (value > limit || *value >= Sizes.Length)
        {
            return false;
        }

        int size = Unsafe.Add(ref MemoryMarshal.GetReference(Sizes), *value);
        int data = (uint)(*value - ShortText) <= ShortBlob - ShortText ? value[1] : 0;
        at = value + size + data;
        return size != 0;
    }
}
