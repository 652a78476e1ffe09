namespace ChunkSync.Tool;

/// <summary>Which part of an export's manifest.</summary>
/// <param name="Generation">The generation, from 1.</param>
/// <param name="Number">The part of the generation, from 1.</param>
internal readonly record struct PartPlace(long Generation, long Number)
{
    /// <summary>Whether a part may say that another one is the one before it. Numbers go down with every step, so that every chain ends.</summary>
    public bool CanFollow(PartPlace previous) => Number == 1
        ? previous.Generation < Generation
        : previous == new PartPlace(Generation, Number - 1);
}
