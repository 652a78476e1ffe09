using ChunkSync.Catalog;
using ChunkSync.Keys;
using ChunkSync.Sqlite;
using ChunkSync.Tracking;

namespace ChunkSync.Trees;

/// <summary>What a table must be to be a tree.</summary>
internal static class TreeChecks
{
    /// <summary>The registration that a table may get.</summary>
    /// <exception cref="EngineException">It cannot be a tree; the text says why.</exception>
    public static TreeRegistration Registration(Tracker tracker, TrackedTable table, string parent, string? position)
    {
        if (table.Columns.Length == 0)
        {
            throw Errors.BadArgument(TreeErrors.Init, $"table {table.Name} does not exist");
        }

        if (table.TreeOfLog != null)
        {
            throw Errors.BadArgument(TreeErrors.Init, $"{table.Name} is the operation log of tree table {table.TreeOfLog}; it cannot be a tree");
        }

        if (table.HasPendingRows)
        {
            throw Errors.BadArgument(TreeErrors.Init, $"the backfill of {table.Name} is not finished: call cloudsync_backfill_run('{table.Name}') first");
        }

        RequireShape(tracker, table);
        TableColumn parentColumn = Column(table, parent);
        TableColumn? positionColumn = position == null ? null : Column(table, position);
        if (table.Tree is TreeRegistration known)
        {
            bool isSame = AsciiNames.Same(known.ParentColumn, parentColumn.Name)
                && (known.PositionColumn == null ? positionColumn == null : positionColumn != null && AsciiNames.Same(known.PositionColumn, positionColumn.Name));
            bool isOpen = tracker.Alterations.IsOpen(table);
            return isSame || isOpen ? new TreeRegistration(table.Name, parentColumn.Name, positionColumn?.Name) : throw Errors.BadArgument(TreeErrors.Init,
                $"table {table.Name} is a tree on {known.ParentColumn}{(known.PositionColumn == null ? "" : ", " + known.PositionColumn)};"
                + $" call cloudsync_tree_cleanup('{table.Name}') first");
        }

        RequireColumns(tracker.Session.Connection, table, parentColumn, positionColumn);
        return new TreeRegistration(table.Name, parentColumn.Name, positionColumn?.Name);
    }

    private static void RequireShape(Tracker tracker, TrackedTable table)
    {
        string? refused = table.KeyColumns.Length != 1 ? "has a composite key"
            : KeyCollation.FirstNotBinary(tracker.Session.Connection, table.Name, [.. table.KeyColumns]) != null ? "has a key with a collation other than BINARY"
            : table.Filter != null ? "has a filter"
            : table.Algorithm != CrdtAlgorithm.CausalLengthSet ? "has the algorithm gos"
            : table.HasBlocks ? "has block columns" : null;
        if (refused != null)
        {
            throw Errors.BadArgument(TreeErrors.Init, $"table {table.Name} {refused}; it cannot be a tree");
        }
    }

    private static TableColumn Column(TrackedTable table, string name) =>
        table.ValueColumns.FirstOrDefault(column => AsciiNames.Same(column.Name, name)) ?? (table.KeyColumns.Any(column => AsciiNames.Same(column.Name, name))
            ? throw Errors.BadArgument(TreeErrors.Init, $"column {name} is the key of table {table.Name}; it cannot say where a row is")
            : throw Errors.BadArgument(TreeErrors.Init, $"table {table.Name} has no column {name}"));

    private static void RequireColumns(Connection connection, TrackedTable table, TableColumn parent, TableColumn? position)
    {
        if (parent == position)
        {
            throw Errors.BadArgument(TreeErrors.Init, $"{parent.Name} cannot be parent and position at once");
        }

        if (parent.NotNull)
        {
            throw Errors.BadArgument(TreeErrors.Init, $"column {parent.Name} cannot be NULL; the root is NULL");
        }

        if (position is { NotNull: true })
        {
            throw Errors.BadArgument(TreeErrors.Init, $"column {position.Name} cannot be NULL; rows without a position have NULL there");
        }

        TableColumn key = table.KeyColumns[0];
        if (!AsciiNames.Same(key.DeclaredType, parent.DeclaredType) || !IsBinary(connection, table.Name, parent.Name))
        {
            throw Errors.BadArgument(TreeErrors.Init, $"columns {key.Name} and {parent.Name} must have the same type and BINARY collation");
        }

        using Statement keys = connection.Prepare("SELECT on_delete FROM pragma_foreign_key_list(?1, 'main') WHERE \"from\" = ?2 COLLATE NOCASE");
        keys.Bind(1, table.Name).Bind(2, parent.Name);
        while (keys.Step())
        {
            string action = keys.String(0);
            if (action is not ("NO ACTION" or "SET NULL"))
            {
                throw Errors.BadArgument(TreeErrors.Init, $"the foreign key on {parent.Name} deletes or blocks rows (ON DELETE {action}); a tree needs NO ACTION or SET NULL");
            }
        }
    }

    /// <summary>Whether a column compares its values by their bytes.</summary>
    private static bool IsBinary(Connection connection, string table, string column) =>
        AsciiNames.Same(connection.CollationOf("main", table, column) ?? "BINARY", "BINARY");
}
