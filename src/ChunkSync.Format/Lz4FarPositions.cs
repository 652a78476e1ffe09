using System.Runtime.CompilerServices;

namespace ChunkSync.Format;

/// <summary>Positions of longer inputs: 4,096 of 32 bits, by five bytes of data.</summary>
internal readonly unsafe struct Lz4FarPositions : ILz4Positions
{
    /// <summary>Multiplier of the hash: a prime of five bytes.</summary>
    private const ulong Multiplier = 889_523_592_379;
    private const int SlotBits = 12;

    /// <summary>Of the eight bytes that are read five take part.</summary>
    private const int BytesLeftOut = 3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Slot(byte* at) => (uint)(((Lz4Compressor.Read64(at) << (8 * BytesLeftOut)) * Multiplier) >> (64 - SlotBits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Recall(void* table, uint slot) => ((uint*)table)[slot];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Remember(void* table, uint slot, uint position) => ((uint*)table)[slot] = position;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Reaches(uint from, uint to) => to - from <= Lz4Compressor.MaxDistance;
}
