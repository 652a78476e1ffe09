using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Frontier;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>Log and nodes of one tree table in its database.</summary>
internal sealed unsafe class TreeStore : ITreeStore, IDisposable
{
    private readonly Connection connection;
    private readonly TreeRegistry registry;
    private readonly NativeBuffer scratch = new();
    private readonly List<Statement> all = [];
    private readonly Statement head;
    private readonly Statement readNode;
    private readonly Statement writeNode;
    private readonly Statement markParent;
    private readonly Statement logFrom;
    private readonly Statement logBehind;
    private readonly Statement logGroup;
    private readonly CarrierScan carrier;
    private readonly Statement contains;
    private readonly Statement hasStamp;
    private readonly Statement before;
    private readonly Statement behind;
    private readonly Statement clockBefore;
    private readonly Statement insert;
    private readonly Statement update;
    private readonly Statement delete;
    private readonly Statement hold;

    private readonly byte[] site = new byte[TreeLimits.SiteBytes];

    public TreeStore(Connection connection, TreeRegistry registry, TreeNames names)
    {
        this.connection = connection;
        this.registry = registry;
        Names = names;
        Keys = new TreeKeys(connection, this);
        const string Row = "lamport, site, nid, parent, pos, old_parent, old_pos, effective";
        const string Operation = "lamport, site, node, parent, pos";
        const string Valid = "lamport BETWEEN -4611686018427387904 AND 4611686018427387903 AND typeof(lamport) = 'integer'";
        string one = "lamport = ?1 AND site = ?2 AND nid = ?3 AND parent = ?4 AND pos = ?5";
        head = Prepare($"SELECT lamport, site FROM {names.Log} ORDER BY lamport DESC, site DESC LIMIT 1");
        readNode = Prepare($"SELECT parent, pos, was_parent FROM {names.Node} WHERE nid = ?1");
        writeNode = Prepare($"UPDATE {names.Node} SET parent = ?2, pos = ?3 WHERE nid = ?1");
        markParent = Prepare($"UPDATE {names.Node} SET was_parent = 1 WHERE nid = ?1");
        logFrom = Prepare($"SELECT {Row} FROM {names.Log} WHERE (lamport, site) >= (?1, ?2) ORDER BY lamport, site LIMIT ?3");
        logBehind = Prepare($"SELECT {Row} FROM {names.Log} WHERE (lamport, site) > (?1, ?2) ORDER BY lamport, site LIMIT ?3");
        logGroup = Prepare($"SELECT {Row} FROM {names.Log} WHERE lamport = ?1 AND site = ?2");
        carrier = new CarrierScan(this, Prepare($"SELECT {Operation} FROM {names.Carrier} WHERE {Valid} ORDER BY lamport, site"));
        contains = Prepare($"SELECT 1 FROM {names.Log} WHERE {one}");
        hasStamp = Prepare($"SELECT 1 FROM {names.Log} WHERE lamport = ?1 AND site = ?2");
        before = Prepare($"SELECT {Row} FROM {names.Log} WHERE nid = ?3 AND (lamport, site) < (?1, ?2) ORDER BY lamport DESC, site DESC LIMIT 2");
        behind = Prepare($"SELECT {Row} FROM {names.Log} WHERE nid = ?3 AND (lamport, site) > (?1, ?2) ORDER BY lamport, site");
        clockBefore = Prepare($"SELECT lamport FROM {names.Log} WHERE (lamport, site) < (?1, ?2) ORDER BY lamport DESC, site DESC LIMIT 1");
        insert = Prepare($"INSERT INTO {names.Log}({Row}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
        update = Prepare($"UPDATE {names.Log} SET old_parent = ?6, old_pos = ?7, effective = ?8 WHERE {one}");
        delete = Prepare($"DELETE FROM {names.Log} WHERE {one}");
        hold = Prepare($"INSERT OR REPLACE INTO {names.Pending}(lamport, site, node, parent, pos, present) SELECT ?1, ?2,"
            + $" (SELECT key FROM {names.Node} WHERE nid = ?3), (SELECT key FROM {names.Node} WHERE nid = CASE ?4 WHEN 0 THEN ?3 ELSE ?4 END), ?5, 1");
    }

    /// <summary>The names of the tables.</summary>
    public TreeNames Names { get; }

    /// <summary>The keys of its nodes.</summary>
    public TreeKeys Keys { get; }

    public PositionPool Positions { get; } = new();

    /// <summary>A row of the carrier, or of what is pending, as an operation; its nodes are known from then on.</summary>
    /// <param name="row">lamport, site, node, parent, pos.</param>
    /// <param name="operation">The operation.</param>
    /// <returns>False for one that never counts.</returns>
    public bool TryRead(Statement row, out TreeOperation operation) =>
        TryRead(row.ColumnValue(0), row.ColumnValue(1), row.ColumnValue(2), row.ColumnValue(3), row.ColumnValue(4), out operation);

    /// <inheritdoc cref="TryRead(Statement, out TreeOperation)"/>
    public bool TryRead(Value lamport, Value siteId, Value node, Value parent, Value position, out TreeOperation operation)
    {
        operation = default;
        if (TreeValue.IsVoid(lamport, siteId, node, parent, position))
        {
            return false;
        }

        OperationStamp stamp = OperationStamp.Of(lamport.Int64, siteId.Blob);
        TreePosition place = TreeValue.Position(Positions, position, scratch);
        long child = Keys.Number(node);
        long above = Keys.Number(parent);
        operation = new TreeOperation(stamp, child, new TreePlace(above == child ? TreeLimits.Root : above, place));
        return true;
    }

    public bool TryReadHead(out OperationStamp stamp)
    {
        try
        {
            bool found = head.Step();
            stamp = found ? Stamp(head) : default;
            return found;
        }
        finally
        {
            head.Reset();
        }
    }

    public NodeState ReadNode(long node)
    {
        readNode.Bind(1, node);
        if (!readNode.Step())
        {
            readNode.Reset();
            throw TreeErrors.Damaged(Names.Registration.Table, $"there is no node {node}");
        }

        try
        {
            return new NodeState(new TreePlace(Parent(readNode, 0), Position(readNode, 1)), readNode.Int64(2) != 0);
        }
        finally
        {
            readNode.Reset();
        }
    }

    public void WriteNode(long node, in TreePlace place)
    {
        writeNode.Bind(1, node).Bind(2, place.Parent);
        TreeValue.Bind(writeNode, 3, place.Position, Positions, nullAsBlob: false);
        Write(writeNode);
    }

    public void MarkParent(long node) => Write(markParent.Bind(1, node));

    public void ReadLog(in OperationStamp from, bool isAfter, LogPage page, int limit)
    {
        Statement rows = isAfter ? logBehind : logFrom;
        BindStamp(rows, from).Bind(3, limit);
        if (ReadRows(rows, page) < limit)
        {
            return;
        }

        // The rest of the last stamp's rows, too: they are ordered together.
        OperationStamp last = page[page.Count - 1].Operation.Stamp;
        page.TruncateBefore(last);
        BindStamp(logGroup, last);
        ReadRows(logGroup, page);
    }

    public void OpenCarrier() => carrier.Open();

    public bool ReadCarrier(LogPage page, int limit) => carrier.Read(page, limit);

    public void CloseCarrier() => carrier.Close();

    public bool Contains(in TreeOperation operation)
    {
        BindOperation(contains, operation);
        return Is(contains);
    }

    public bool HasStamp(in OperationStamp stamp)
    {
        BindStamp(hasStamp, stamp);
        return Is(hasStamp);
    }

    public void ReadBefore(long node, in OperationStamp stamp, LogPage page)
    {
        BindStamp(before, stamp).Bind(3, node);
        ReadRows(before, page);
    }

    public void ReadBehind(long node, in OperationStamp stamp, LogPage page)
    {
        BindStamp(behind, stamp).Bind(3, node);
        bool isCovered = false;
        bool isMore = true;
        try
        {
            while (isMore && page.Count < TreeLimits.MaxBehind && behind.Step())
            {
                page.Add(ReadRow(behind));
                isMore = !isCovered;
                isCovered = page[page.Count - 1].IsEffective;
            }
        }
        finally
        {
            behind.Reset();
        }
    }

    public long ClockBefore(in OperationStamp stamp)
    {
        BindStamp(clockBefore, stamp);
        long clock = clockBefore.Step() ? clockBefore.Int64(0) : 0;
        clockBefore.Reset();
        return Math.Max(clock, Math.Max(registry.State(Names.Registration.Table).Floor ?? 0, 0));
    }

    public void Insert(in LogRow row)
    {
        BindOperation(insert, row.Operation);
        BindOutcome(insert, row);
        Write(insert);
    }

    public void Update(in LogRow row)
    {
        BindOperation(update, row.Operation);
        BindOutcome(update, row);
        Write(update);
    }

    public void Delete(in TreeOperation operation)
    {
        BindOperation(delete, operation);
        Write(delete);
    }

    public void Clear()
    {
        connection.Execute($"DELETE FROM {Names.Log}; DELETE FROM {Names.Pending}; UPDATE {Names.Node} SET parent = 0, pos = NULL, was_parent = 0");
        registry.StoreFloor(Names.Registration.Table, null);
        if (connection.Integer($"SELECT EXISTS (SELECT 1 FROM {Names.Log}) OR EXISTS (SELECT 1 FROM {Names.Pending})"
            + $" OR EXISTS (SELECT 1 FROM {Names.Node} WHERE parent <> 0 OR pos IS NOT NULL OR was_parent)") != 0)
        {
            throw Kept();
        }
    }

    /// <summary>Runs a statement that writes one row, or so many: a trigger of the user's on a table of the tree can keep rows from being written
    /// without an error.</summary>
    /// <exception cref="EngineException">Fewer were written.</exception>
    public void Write(Statement statement, long rows = 1)
    {
        statement.Run();
        if (connection.Changes != rows)
        {
            throw Kept();
        }
    }

    /// <summary>A trigger of the user's keeps a table beside the tree as it is.</summary>
    public EngineException Kept() => new(ResultCode.Constraint, $"{Names.Registration.Table}: a trigger keeps a table of the tree from being written");

    public void Hold(in TreeOperation operation)
    {
        BindOperation(hold, operation);
        Write(hold);
    }

    public void AppendContent(in TreeOperation operation, NativeBuffer target)
    {
        *target.Reserve(1) = 3;
        target.Commit(1);
        Keys.Append(operation.Node, target);
        Keys.Append(operation.Place.Parent == TreeLimits.Root ? operation.Node : operation.Place.Parent, target);
        ReadOnlySpan<byte> position = Positions.Bytes(operation.Place.Position, stackalloc byte[16]);
        target.Append(position.IsEmpty ? [ValueCodec.Blob | (1 << 3), 0] : position);
    }

    public void Dispose()
    {
        all.ForEach(statement => statement.Dispose());
        Keys.Dispose();
        scratch.Dispose();
        Positions.Dispose();
    }

    private Statement Prepare(string sql)
    {
        Statement statement = connection.Prepare(sql);
        all.Add(statement);
        return statement;
    }

    private int ReadRows(Statement rows, LogPage page)
    {
        int count = 0;
        try
        {
            for (; rows.Step(); count++)
            {
                page.Add(ReadRow(rows));
            }
        }
        finally
        {
            rows.Reset();
        }

        return count;
    }

    private LogRow ReadRow(Statement row) => new(
        new TreeOperation(Stamp(row), row.Int64(2), new TreePlace(Parent(row, 3), Position(row, 4))),
        new TreePlace(Parent(row, 5), Position(row, 6)), row.Int64(7) != 0);

    private OperationStamp Stamp(Statement row)
    {
        ReadOnlySpan<byte> bytes = row.Blob(1);
        return bytes.Length == TreeLimits.SiteBytes
            ? OperationStamp.Of(row.Int64(0), bytes)
            : throw TreeErrors.Damaged(Names.Registration.Table, "a site in its log does not have 16 bytes");
    }

    private long Parent(Statement row, int column)
    {
        long parent = row.Int64(column);
        return parent >= 0 ? parent : throw TreeErrors.Damaged(Names.Registration.Table, $"there is no node {parent}");
    }

    private TreePosition Position(Statement row, int column) => TreeValue.Position(Positions, row.ColumnValue(column), scratch);

    private Statement BindStamp(Statement statement, in OperationStamp stamp)
    {
        stamp.WriteSite(site);
        return statement.Bind(1, stamp.Lamport).BindBlob(2, site);
    }

    private void BindOperation(Statement statement, in TreeOperation operation)
    {
        BindStamp(statement, operation.Stamp).Bind(3, operation.Node).Bind(4, operation.Place.Parent);
        TreeValue.Bind(statement, 5, operation.Place.Position, Positions, nullAsBlob: true);
    }

    private void BindOutcome(Statement statement, in LogRow row)
    {
        statement.Bind(6, row.Undo.Parent).Bind(8, row.IsEffective ? 1 : 0);
        TreeValue.Bind(statement, 7, row.Undo.Position, Positions, nullAsBlob: false);
    }

    /// <summary>Whether a query has a row.</summary>
    public static bool Is(Statement statement)
    {
        bool found = statement.Step();
        statement.Reset();
        return found;
    }
}
