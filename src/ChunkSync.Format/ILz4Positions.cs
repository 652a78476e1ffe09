namespace ChunkSync.Format;

/// <summary>The compressor's memory of where in its input it has seen what: one position per hash, the latest. The table has
/// <see cref="Lz4Compressor.TableBytes"/> bytes; zero bytes mean position 0, which is a position like any other.</summary>
internal unsafe interface ILz4Positions
{
    /// <summary>The slot for the bytes at an address; reads at most eight.</summary>
    static abstract uint Slot(byte* at);

    /// <summary>The position in a slot.</summary>
    static abstract uint Recall(void* table, uint slot);

    /// <summary>Puts a position into a slot.</summary>
    static abstract void Remember(void* table, uint slot, uint position);

    /// <summary>True when a match can be written as a distance: at most <see cref="Lz4Compressor.MaxDistance"/>.</summary>
    static abstract bool Reaches(uint from, uint to);
}
