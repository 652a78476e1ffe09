using ChunkSync.Catalog;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>Finds the row that holds, in a unique index, the values that a row of a tree would have in its place.</summary>
internal sealed class PlaceHolders : IDisposable
{
    private readonly TreeTable tree;
    private readonly List<(Statement Row, Statement Holder, int Columns)> indexes = [];
    private readonly KeyBuffer found = new(null);
    private readonly KeyBuffer own = new(null);

    public PlaceHolders(Connection connection, TreeTable tree)
    {
        this.tree = tree;
        TreeNames names = tree.Names;
        foreach (UniqueIndex index in UniqueIndex.Read(connection, tree.Tracked))
        {
            string row = string.Join(", ", index.Watched.Select(column => AsciiNames.Same(column, names.Registration.ParentColumn) ? "?2"
                : names.Position != null && AsciiNames.Same(column, names.Registration.PositionColumn!) ? "?3" : Connection.Quote(column)).Prepend(names.Key).Append("?2").Append("?3"));
            indexes.Add((connection.Prepare($"SELECT {row} FROM {names.Table} WHERE {names.Key} = ?1 AND typeof({names.Key}) = typeof(?1)"),
                connection.Prepare($"SELECT {names.Key} FROM {names.Table} WHERE {index.HolderCondition()}"), index.Watched.Count));
        }
    }

    /// <summary>The key of a row that is in the way of a node's; empty where there is none. Valid until the next call.</summary>
    public ReadOnlySpan<byte> Find(long node)
    {
        foreach ((Statement row, Statement holder, int columns) in indexes)
        {
            try
            {
                if (TryFind(row, holder, columns, node))
                {
                    return found.Bytes;
                }
            }
            finally
            {
                row.Reset();
                holder.Reset();
            }
        }

        return default;
    }

    public void Dispose()
    {
        foreach ((Statement row, Statement holder, _) in indexes)
        {
            row.Dispose();
            holder.Dispose();
        }

        found.Dispose();
        own.Dispose();
    }

    private bool TryFind(Statement row, Statement holder, int columns, long node)
    {
        tree.Rows.BindPlace(row, node);
        if (!row.Step())
        {
            return false;
        }

        own.TryRead(row, 1);
        for (int i = 1; i <= columns; i++)
        {
            holder.Bind(i, row.ColumnValue(i));
        }

        bool isFound = false;
        while (!isFound && holder.Step())
        {
            isFound = found.TryRead(holder, 1) && !found.Bytes.SequenceEqual(own.Bytes);
        }

        return isFound;
    }
}
