namespace ChunkSync.Tool;

/// <summary>A row that differs.</summary>
/// <param name="Kind">How.</param>
/// <param name="Pk">Its key as it travels.</param>
/// <param name="Cells">The values that differ, where both have the row.</param>
internal sealed record RowDifference(RowDifferenceKind Kind, byte[] Pk, IReadOnlyList<CellDifference> Cells);
