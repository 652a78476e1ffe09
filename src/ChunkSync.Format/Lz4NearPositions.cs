using System.Runtime.CompilerServices;

namespace ChunkSync.Format;

/// <summary>Positions of inputs so short that every one fits in 16 bits: 8,192 of them, by four bytes of data. None is ever too
/// far away.</summary>
internal readonly unsafe struct Lz4NearPositions : ILz4Positions
{
    /// <summary>Multiplier of the hash: a prime near 2^32 divided by the golden ratio.</summary>
    private const uint Multiplier = 2_654_435_761;
    private const int SlotBits = 13;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Slot(byte* at) => (Lz4Compressor.Read32(at) * Multiplier) >> (32 - SlotBits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Recall(void* table, uint slot) => ((ushort*)table)[slot];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Remember(void* table, uint slot, uint position) => ((ushort*)table)[slot] = (ushort)position;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Reaches(uint from, uint to) => true;
}
