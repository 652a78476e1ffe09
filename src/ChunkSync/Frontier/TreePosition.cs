using System.Buffers.Binary;

namespace ChunkSync.Frontier;

/// <summary>A node's position among its siblings, any value of SQLite's in the bytes of a key (format A.4): up to 15 of them in place, longer ones
/// by their number in a <see cref="PositionPool"/>. Equal positions of one pool are equal structs.</summary>
/// <param name="Low">The first eight bytes, or the number.</param>
/// <param name="High">The next seven, and how many there are.</param>
internal readonly record struct TreePosition(ulong Low, ulong High)
{
    /// <summary>The most bytes that are kept in place.</summary>
    public const int MaxInPlace = 15;

    private const int LengthShift = 56;
    private const ulong Pooled = 0xFF;

    /// <summary>NULL.</summary>
    public static TreePosition Null => default;

    /// <summary>Whether the bytes are in a pool.</summary>
    public bool IsPooled => High >> LengthShift == Pooled;

    /// <summary>Its number there.</summary>
    public int Number => (int)Low;

    /// <summary>How many bytes are in place.</summary>
    public int Length => (int)(High >> LengthShift);

    /// <summary>A position whose bytes are in a pool.</summary>
    public static TreePosition InPool(int number) => new((uint)number, Pooled << LengthShift);

    /// <summary>A position whose bytes are kept in place.</summary>
    /// <param name="bytes">At most <see cref="MaxInPlace"/> of them; none is NULL.</param>
    public static TreePosition InPlace(ReadOnlySpan<byte> bytes)
    {
        Span<byte> all = stackalloc byte[16];
        all.Clear();
        bytes.CopyTo(all);
        ulong high = BinaryPrimitives.ReadUInt64LittleEndian(all[8..]);
        return new(BinaryPrimitives.ReadUInt64LittleEndian(all), high | ((ulong)bytes.Length << LengthShift));
    }

    /// <summary>Writes the bytes that are in place.</summary>
    /// <param name="target">At least 16 bytes.</param>
    /// <returns>How many of them are the position's.</returns>
    public int Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target, Low);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], High);
        return Length;
    }
}
