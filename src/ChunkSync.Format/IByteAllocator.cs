namespace ChunkSync.Format;

/// <summary>Where memory for a body comes from. Whoever gives it frees it.</summary>
internal unsafe interface IByteAllocator
{
    /// <summary>Memory of that many bytes, in place until the next call; throws what its owner throws when there is none.</summary>
    byte* Allocate(long bytes);
}
