using ChunkSync.Format;
using ChunkSync.Frontier;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>Makes operations of rows that were there before the tree, or that it does not know.</summary>
internal sealed unsafe class ExistingPlaces(Connection connection, TreeTable tree, SyncSession session) : IDisposable
{
    private readonly TreeNames names = tree.Names;
    private readonly NativeBuffer content = new();
    private readonly KeyBuffer key = new(connection);

    private string Position => names.Position ?? "NULL";

    /// <summary>Rows that are somewhere become operations below all moves: equal rows make equal operations on every replica, and of two that differ the
    /// newer write wins, as it would have by its clocks.</summary>
    /// <returns>How many.</returns>
    public long RecordOld()
    {
        string columns = string.Join(", ", new[] { names.Registration.ParentColumn, names.Registration.PositionColumn }.OfType<string>()
            .Select(column => Connection.Literal(AsciiNames.Lower(column))));
        using Statement rows = connection.Prepare($"SELECT {names.Key}, {names.Parent}, {Position} FROM {names.Table}"
            + $" WHERE {names.Parent} IS NOT NULL OR coalesce({Position}, x'') <> x''");
        using Statement version = connection.Prepare(
            $"SELECT max(col_version) FROM {tree.Tracked.QuotedClock} WHERE pk = ?1 AND col_name COLLATE NOCASE IN ({columns})");
        using Statement add = connection.Prepare($"INSERT OR IGNORE INTO {names.Carrier}(lamport, site, node, parent, pos)"
            + " VALUES (?1, ?2, ?3, coalesce(?4, ?3), coalesce(?5, x''))");
        long written = 0;
        Span<byte> site = stackalloc byte[TreeLimits.SiteBytes];
        while (rows.Step())
        {
            key.TryRead(rows, 1);
            version.BindBlob(1, key.Bytes);
            long newest = version.Step() ? version.Int64(0) : 0;
            version.Reset();
            Value node = rows.ColumnValue(0);
            Check(node, rows.ColumnValue(1), rows.ColumnValue(2));
            FirstSite(node, rows.ColumnValue(1), rows.ColumnValue(2), site);
            add.Bind(1, Math.Min(Math.Max(newest, 0), TreeLimits.Top - 1) - TreeLimits.Top).BindBlob(2, site);
            add.Bind(3, node).Bind(4, rows.ColumnValue(1)).Bind(5, rows.ColumnValue(2));
            add.Run();
            written += connection.Changes;
        }

        return written;
    }

    /// <summary>Rows without a node become operations like moves of now.</summary>
    /// <returns>How many.</returns>
    public long RecordUnknown() => Record($"NOT EXISTS (SELECT 1 FROM {names.Node} WHERE key = +t.{names.Key})"
        + $" AND (t.{names.Parent} IS NOT NULL OR coalesce({Position}, x'') <> x'')");

    /// <summary>Rows that are somewhere else than the tree has them become operations like moves of now.</summary>
    /// <returns>How many.</returns>
    public long RecordMoved()
    {
        string position = names.Position == null ? "" : $" AND nullif(t.{names.Position}, x'') COLLATE BINARY IS n.pos";
        return Record($"EXISTS (SELECT 1 FROM {names.Node} AS n LEFT JOIN {names.Node} AS p ON p.nid = n.parent WHERE n.key = +t.{names.Key}"
            + $" AND NOT (t.{names.Parent} COLLATE BINARY IS CASE WHEN n.parked THEN NULL ELSE p.key END{position}))");
    }

    private long Record(string condition)
    {
        // From the roots down: then no move leads below its own row on the way.
        using Statement rows = connection.Prepare(
            $"""
            WITH RECURSIVE down(key, depth) AS (
              SELECT {names.Key}, 0 FROM {names.Table} AS r WHERE {names.Parent} IS NULL OR NOT EXISTS (SELECT 1 FROM {names.Table} AS u WHERE u.{names.Key} = r.{names.Parent})
              UNION ALL SELECT c.{names.Key}, depth + 1 FROM down JOIN {names.Table} AS c ON c.{names.Parent} = down.key)
            SELECT t.{names.Key}, t.{names.Parent}, {Position} FROM {names.Table} AS t LEFT JOIN down ON down.key = t.{names.Key}
            WHERE {condition} ORDER BY depth IS NULL, depth
            """);
        using Statement add = connection.Prepare($"INSERT INTO {names.Carrier}(lamport, site, node, parent, pos)"
            + $" SELECT {TreeTriggers.NextLamport(names.Carrier, names.Log)}, ?1, ?2, coalesce(?3, ?2), coalesce(?4, x'')");
        long written = 0;
        while (rows.Step())
        {
            Check(rows.ColumnValue(0), rows.ColumnValue(1), rows.ColumnValue(2));
            add.BindBlob(1, session.Sites.Local).Bind(2, rows.ColumnValue(0)).Bind(3, rows.ColumnValue(1)).Bind(4, rows.ColumnValue(2));
            add.Run();
            written++;
        }

        return written;
    }

    public void Dispose()
    {
        content.Dispose();
        key.Dispose();
    }

    private void Check(Value node, Value parent, Value position)
    {
        if (!TreeValue.IsKey(node) || (!parent.IsNull && !TreeValue.IsKey(parent)) || !TreeValue.Fits(position))
        {
            throw node.Type == StorageClass.Real || parent.Type == StorageClass.Real
                ? Errors.Refused($"{tree.Name}: the key of {SqlText.Describe(node)} or its parent is a REAL, which cannot be a key of a tree")
                : Errors.Refused($"{tree.Name}: the key or position of {SqlText.Describe(node)} is longer than {TreeLimits.MaxValue} bytes");
        }
    }

    /// <summary>The site of such an operation: hashes of its content, FNV64(c) and FNV64(01 c).</summary>
    private void FirstSite(Value node, Value parent, Value position, Span<byte> site)
    {
        content.Clear();
        *content.Reserve(1) = 3;
        content.Commit(1);
        TreeValue.Append(content, node);
        TreeValue.Append(content, parent.IsNull ? node : parent);
        if (position.IsNull)
        {
            content.Append([ValueCodec.Blob | (1 << 3), 0]);
        }
        else
        {
            TreeValue.Append(content, position);
        }

        Fnv1a64 second = new(Fnv1a64.OffsetBasis);
        second.Add((byte)1);
        second.Add(content.Bytes);
        new OperationStamp(0, Fnv1a64.Of(content.Bytes), second.Value).WriteSite(site);
    }
}
