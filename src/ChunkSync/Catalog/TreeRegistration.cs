using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>A table that is a tree: which of its columns say where a row is. They are decided by the log of operations, not by clocks.</summary>
/// <param name="Table">The table.</param>
/// <param name="ParentColumn">The column that names the row above.</param>
/// <param name="PositionColumn">The column that orders the rows below one; null where there is none.</param>
internal sealed record TreeRegistration(string Table, string ParentColumn, string? PositionColumn)
{
    /// <summary>What is behind a table's name in the name of its log of operations, which travels.</summary>
    public const string CarrierSuffix = "_treeops";

    /// <summary>The name of the log of operations.</summary>
    public string Carrier => Table + CarrierSuffix;

    /// <summary>Whether a column is one of the two.</summary>
    public bool IsPlace(string column) => AsciiNames.Same(column, ParentColumn) || (PositionColumn != null && AsciiNames.Same(column, PositionColumn));
}
