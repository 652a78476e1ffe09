namespace ChunkSync.Tests.Histories;

/// <summary>Something that a user did to a row.</summary>
/// <param name="Replica">Where.</param>
/// <param name="Number">The how many-th write of that replica it is, from 1.</param>
/// <param name="Table">The table.</param>
/// <param name="Key">The row.</param>
/// <param name="Column">The column; null for the row itself, which is born or dies.</param>
/// <param name="Value">The value; for the row itself whether it is there.</param>
/// <param name="Known">How many writes of each replica were known there before.</param>
/// <param name="IsCopy">Whether no user wrote it: a column got another name. It may stay, and wins over nothing.</param>
internal sealed record OrmWrite(int Replica, int Number, string Table, string Key, string? Column, object? Value, int[] Known, bool IsCopy)
{
    /// <summary>Whether who wrote this knew the other one.</summary>
    public bool Beats(OrmWrite other) => !IsCopy && Known[other.Replica] >= other.Number;
}
