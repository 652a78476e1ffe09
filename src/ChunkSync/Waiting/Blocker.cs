using ChunkSync.Catalog;

namespace ChunkSync.Waiting;

/// <summary>The row that is in the way of a refused one, or is missing for it.</summary>
/// <param name="Table">Its table.</param>
/// <param name="Key">Its key.</param>
/// <param name="Index">The unique index of the refused row's table that it is in the way in; -1 for a foreign key.</param>
internal readonly record struct Blocker(TrackedTable Table, byte[] Key, int Index);
