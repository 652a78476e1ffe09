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

    /// <summary>The table of the tree.</summary>
    public string NodeTable => Table + "_tree_node";

    /// <summary>The table of operations that count, with the place before each.</summary>
    public string LogTable => Table + "_tree_log";

    /// <summary>The table of operations that came or went and are not folded in.</summary>
    public string PendingTable => Table + "_tree_pending";

    /// <summary>The table of rows whose columns may differ from the tree.</summary>
    public string DirtyTable => Table + "_tree_dirty";

    /// <summary>The tables beside the log that travels, which do not.</summary>
    public IReadOnlyList<string> LocalTables => [NodeTable, LogTable, PendingTable, DirtyTable];

    /// <summary>The first of a tree's tables that is not there; null where all are.</summary>
    public string? FindMissing(Connection connection) => LocalTables.Prepend(Carrier).FirstOrDefault(name => !connection.HasTable(name));

    /// <summary>Whether a column is one of the two.</summary>
    public bool IsPlace(string column) => AsciiNames.Same(column, ParentColumn) || (PositionColumn != null && AsciiNames.Same(column, PositionColumn));
}
