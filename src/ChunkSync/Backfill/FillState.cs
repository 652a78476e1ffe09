namespace ChunkSync.Backfill;

/// <summary>How far the fill of a table is.</summary>
/// <param name="Table">The table's name.</param>
/// <param name="Shape">The order that <paramref name="Position"/> is a place in (<see cref="FillTable.Shape"/>).</param>
/// <param name="Position">The key of the last row that is done, as <see cref="CutFormat"/> writes it; null before the first.</param>
internal sealed record FillState(string Table, string Shape, byte[]? Position)
{
    /// <summary>A state as it is stored and shown: rows are left.</summary>
    public const string Filling = "filling";

    /// <summary>A state as it is stored and shown: nothing is left.</summary>
    public const string Done = "done";

    /// <summary>Whether nothing is left.</summary>
    public bool IsDone { get; init; }

    /// <summary>Rows visited.</summary>
    public long RowsDone { get; init; }

    /// <summary>The rows of the table when the fill began.</summary>
    public long? RowsTotal { get; init; }

    /// <summary>Slices that visited rows.</summary>
    public long Slices { get; init; }

    /// <summary>The db_version of the first slice that captured something; null before it.</summary>
    public long? FirstVersion { get; init; }

    /// <summary>The db_version of the last one.</summary>
    public long? LastVersion { get; init; }
}
