using ChunkSync.Catalog;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>The names of what a tree table has beside it, quoted for SQL text.</summary>
/// <param name="Registration">The table and its columns.</param>
/// <param name="KeyColumn">Its key.</param>
internal sealed record TreeNames(TreeRegistration Registration, string KeyColumn)
{
    /// <summary>The table.</summary>
    public string Table { get; } = Qualified(Registration.Table);

    /// <summary>The log of operations that travels.</summary>
    public string Carrier { get; } = Qualified(Registration.Carrier);

    /// <summary>The tree.</summary>
    public string Node { get; } = Qualified(Registration.NodeTable);

    /// <summary>Operations that count, with the place before each.</summary>
    public string Log { get; } = Qualified(Registration.LogTable);

    /// <summary>Operations that came or went and are not folded in.</summary>
    public string Pending { get; } = Qualified(Registration.PendingTable);

    /// <summary>Rows whose columns may differ from the tree.</summary>
    public string Dirty { get; } = Qualified(Registration.DirtyTable);

    /// <summary>The key column.</summary>
    public string Key { get; } = Connection.Quote(KeyColumn);

    /// <summary>The parent column.</summary>
    public string Parent { get; } = Connection.Quote(Registration.ParentColumn);

    /// <summary>The position column; null where there is none.</summary>
    public string? Position { get; } = Registration.PositionColumn == null ? null : Connection.Quote(Registration.PositionColumn);

    /// <summary>The index of children that <c>cloudsync_tree_init</c> makes.</summary>
    public string ChildrenIndex { get; } = Qualified(Registration.Table + "_tree_children");

    private static string Qualified(string name) => "main." + Connection.Quote(name);
}
