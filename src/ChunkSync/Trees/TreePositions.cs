using ChunkSync.Frontier;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>Positions for rows of a tree, and what is wrong with those that people pass.</summary>
internal static class TreePositions
{
    private const string Pos = "cloudsync_tree_pos";

    /// <summary>A position that was passed; null for NULL.</summary>
    /// <exception cref="EngineException">It is none.</exception>
    public static string? Read(Value value, string function)
    {
        if (value.IsNull)
        {
            return null;
        }

        string text = value.Type == StorageClass.Text && value.Text.Length <= TreeLimits.MaxValue && !value.Text.Contains((byte)0) ? value.String : "";
        return text.Length == value.Length && PositionText.IsPosition(text) ? text
            : throw Errors.BadArgument(function, $"{SqlText.Describe(value)} is not a position");
    }

    /// <summary>A position between two.</summary>
    public static string Between(string? after, string? before, string function)
    {
        string found = PositionText.Between(after, before) ?? throw Errors.BadArgument(function, "no position left at this end");
        return found.Length <= TreeLimits.MaxValue ? found : throw Errors.BadArgument(function, $"the position would be longer than {TreeLimits.MaxValue} bytes");
    }

    /// <summary>A position behind all children of a parent.</summary>
    public static string Last(Connection connection, TreeTable tree, Value parent)
    {
        string column = Column(tree);
        using Statement last = connection.Prepare($"SELECT {column} FROM {tree.Names.Table} WHERE {tree.Names.Parent} IS ?1 ORDER BY {column} DESC, {tree.Names.Key} DESC LIMIT 1");
        last.Bind(1, parent);
        return Between(last.Step() ? Read(last.ColumnValue(0), Pos) : null, null, Pos);
    }

    /// <summary>A position behind a child and all that share its position, before the next.</summary>
    public static string Behind(Connection connection, TreeTable tree, Value parent, Value after)
    {
        string column = Column(tree);
        string? low = null;
        if (!after.IsNull)
        {
            using Statement sibling = connection.Prepare($"SELECT {column} FROM {tree.Names.Table} WHERE {tree.Names.Key} = ?1 AND {tree.Names.Parent} IS ?2");
            sibling.Bind(1, after).Bind(2, parent);
            if (!sibling.Step())
            {
                throw Errors.BadArgument(Pos, $"{SqlText.Describe(after)} is not under {SqlText.Describe(parent)} in table {tree.Name}");
            }

            low = Read(sibling.ColumnValue(0), Pos);
        }

        // NULL comes before every position.
        using Statement next = connection.Prepare($"SELECT {column} FROM {tree.Names.Table} WHERE {tree.Names.Parent} IS ?1"
            + $" AND {column} {(low == null ? "IS NOT NULL" : "> ?2")} ORDER BY {column}, {tree.Names.Key} LIMIT 1");
        next.Bind(1, parent);
        if (low != null)
        {
            next.Bind(2, low);
        }

        return Between(low, next.Step() ? Read(next.ColumnValue(0), Pos) : null, Pos);
    }

    private static string Column(TreeTable tree) =>
        tree.Names.Position ?? throw Errors.BadArgument(Pos, $"tree table {tree.Name} has no position column");
}
