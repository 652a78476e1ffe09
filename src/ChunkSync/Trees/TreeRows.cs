using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Frontier;
using ChunkSync.Merge;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>The rows of a tree table, one at a time: whether they show where their nodes are, and writes that make them. What a row shows is a
/// function of the tree, of the rows that are here and of the declared foreign key, so that replicas agree.</summary>
internal sealed class TreeRows : IDisposable
{
    /// <summary>What is stored of a node whose row shows NULL because its parent's row is not here.</summary>
    private const int WithoutParent = 1;

    /// <summary>The same of one that was refused its place.</summary>
    private const int Refused = 2;

    private readonly SyncSession session;
    private readonly Connection connection;
    private readonly TreeTable tree;
    private readonly IMergeWatch watch;

    /// <summary>The value columns that say where a row is: the parent's first.</summary>
    private readonly int[] columns;
    private readonly List<Statement> all = [];
    private readonly Statement differs;
    private readonly Statement hasRow;
    private readonly Statement write;
    private readonly Statement root;
    private readonly Statement clear;
    private readonly Statement parent;
    private readonly Statement park;
    private readonly Statement allDirty;
    private readonly Statement open;
    private readonly Statement release;
    private readonly Statement undo;

    public TreeRows(SyncSession session, TreeTable tree, IMergeWatch watch)
    {
        this.session = session;
        this.tree = tree;
        this.watch = watch;
        TreeRegistration registration = tree.Names.Registration;
        columns = [.. new[] { registration.ParentColumn, registration.PositionColumn }.OfType<string>()
            .Select(name => Array.FindIndex(tree.Tracked.ValueColumns, column => AsciiNames.Same(column.Name, name)))];
        connection = session.Connection;
        TreeNames names = tree.Names;
        string row = $"{names.Key} = ?1 AND typeof({names.Key}) = typeof(?1)";
        string same = $"{names.Parent} COLLATE BINARY IS ?2" + (names.Position == null ? "" : $" AND {names.Position} COLLATE BINARY IS ?3");
        string position = names.Position == null ? "" : $", {names.Position} = ?3";

        // The clause overrides what constraints are declared with: IGNORE would keep the row in its place, REPLACE delete another one.
        string update = $"UPDATE OR ABORT {names.Table} SET {names.Parent} = ";
        differs = Prepare($"SELECT NOT ({same}) FROM {names.Table} WHERE {row}");
        hasRow = Prepare($"SELECT 1 FROM {names.Table} WHERE {row}");
        write = Prepare($"{update}?2{position} WHERE {row}");
        root = Prepare($"{update}NULL{position} WHERE {row}");
        clear = Prepare($"{update}NULL WHERE {row}");
        parent = Prepare($"SELECT {names.Parent} FROM {names.Table} WHERE {row}");
        park = Prepare($"UPDATE {names.Node} SET parked = ?2 WHERE nid = ?1 AND parked <> ?2");
        allDirty = Prepare($"INSERT OR IGNORE INTO {names.Dirty}(key) SELECT {names.Key} FROM {names.Table}"
            + $" WHERE EXISTS (SELECT 1 FROM {names.Node} WHERE key = +{names.Key})");
        open = Prepare("SAVEPOINT chunksync_place");
        release = Prepare("RELEASE chunksync_place");
        undo = Prepare("ROLLBACK TO chunksync_place");
    }

    /// <summary>The node whose row is being written, for messages; 0 for none.</summary>
    public long Current { get; set; }

    /// <summary>Why the last row was refused.</summary>
    public EngineException? Refusal { get; private set; }

    /// <summary>The reason of it.</summary>
    public RefusalReason Reason { get; private set; }

    /// <summary>Makes every row be looked at in the next fold.</summary>
    public void MakeAllDirty() => allDirty.Run();

    /// <summary>A user has put a row somewhere: it shows that place.</summary>
    public void Unpark(long node) => Park(node, 0);

    /// <summary>A row was refused its place, and shows something else.</summary>
    public void ParkRefused(long node)
    {
        if (tree.Store.ReadNode(node).Place.Parent != TreeLimits.Root && ShowsNoParent(node))
        {
            Park(node, Refused);
        }
    }

    /// <summary>Whether the node's row is here and shows another place than it should; parks it as it has to be.</summary>
    public bool Differs(long node)
    {
        Current = node;
        BindShown(differs, node);
        bool isHere = differs.Step();
        bool isOther = isHere && differs.Int64(0) != 0;
        differs.Reset();
        return isOther;
    }

    /// <summary>Writes a row.</summary>
    /// <param name="node">Its node.</param>
    /// <param name="form">What is written.</param>
    /// <param name="call">The call, which knows how this table's writes behave.</param>
    /// <returns>False when it was refused (<see cref="Refusal"/>): nothing of it is left.</returns>
    /// <exception cref="AttemptFailedException">A trigger leaves traces, or has rolled the transaction back.</exception>
    public bool TryWrite(long node, PlaceForm form, MergeCall call)
    {
        Current = node;
        long identity = Identity(node);
        if (call.IsUntried(identity))
        {
            Refuse(RefusalReason.Trigger, new EngineException(ResultCode.ConstraintTrigger, MergeCall.RollsBack));
            return false;
        }

        Statement statement = Bound(node, form);
        bool hasSavepoint = call.IsTraced(tree.Name);
        if (hasSavepoint)
        {
            open.Run();
        }

        int before = session.WrittenRows;
        bool isWritten = TryRun(statement, node);
        if (isWritten)
        {
            if (hasSavepoint)
            {
                release.Run();
            }

            NoteWritten(node, form);
            return true;
        }

        if (connection.IsAutocommit)
        {
            throw call.RolledBack(identity, Refusal!);
        }

        if (hasSavepoint)
        {
            session.RollBackTo(undo, release);
        }
        else if (session.WrittenRows != before)
        {
            throw call.Traced(tree.Name, Refusal!);
        }

        return false;
    }

    /// <summary>Binds a node's key, and where its row should be: parent and position are the second and third parameter.</summary>
    /// <returns>Whether its parent's row is not here, and a foreign key asks for it.</returns>
    public bool BindPlace(Statement statement, long node)
    {
        TreePlace place = tree.Store.ReadNode(node).Place;
        tree.Store.Keys.Bind(statement, 1, node);
        bool isParked = place.Parent != TreeLimits.Root && tree.HasForeignKey && !HasRow(place.Parent);
        if (place.Parent == TreeLimits.Root || isParked)
        {
            statement.BindNull(2);
        }
        else
        {
            tree.Store.Keys.Bind(statement, 2, place.Parent);
        }

        if (tree.Names.Position != null)
        {
            TreeValue.Bind(statement, 3, place.Position, tree.Store.Positions, nullAsBlob: false);
        }

        return isParked;
    }

    /// <summary>Whether going up over the rows, not over the tree, from a node's row leads to another node.</summary>
    /// <param name="from">Where to begin.</param>
    /// <param name="node">The other one.</param>
    public bool LeadsTo(long from, long node)
    {
        // Rows can lead in a circle beside it (R. P. Brent, "An improved Monte Carlo factorization algorithm", BIT 20, 1980).
        long anchor = 0;
        long steps = 0;
        long limit = 1;
        for (long at = from; at != TreeLimits.Root && at != anchor; at = Up(at))
        {
            if (at == node)
            {
                return true;
            }

            if (++steps == limit)
            {
                anchor = at;
                limit *= 2;
                steps = 0;
            }
        }

        return false;
    }

    /// <summary>The node that a node's row shows as its parent; 0 for none, and where the row is not here.</summary>
    public long Up(long node)
    {
        tree.Store.Keys.Bind(parent, 1, node);
        try
        {
            return parent.Step() && !parent.IsNull(0) ? tree.Store.Keys.Find(parent.ColumnValue(0)) ?? TreeLimits.Root : TreeLimits.Root;
        }
        finally
        {
            parent.Reset();
        }
    }

    /// <inheritdoc cref="TreeKeys.Describe"/>
    public string Describe(long node) => tree.Store.Keys.Describe(node);

    /// <summary>The key of the row that is being written, as messages show it; null where there is none, and where nothing can be read any more.</summary>
    public string? TryDescribeCurrent()
    {
        try
        {
            return Current == 0 || connection.IsAutocommit ? null : Describe(Current);
        }
        catch (EngineException)
        {
            // Interrupted, or without memory: the failure that is under way says so.
            return null;
        }
    }

    /// <summary>Whether the node's row is here.</summary>
    public bool HasRow(long node)
    {
        tree.Store.Keys.Bind(hasRow, 1, node);
        return TreeStore.Is(hasRow);
    }

    public void Dispose() => all.ForEach(statement => statement.Dispose());

    private Statement Prepare(string sql)
    {
        Statement statement = connection.Prepare(sql);
        all.Add(statement);
        return statement;
    }

    private bool ShowsNoParent(long node)
    {
        tree.Store.Keys.Bind(parent, 1, node);
        bool shows = parent.Step() && parent.IsNull(0);
        parent.Reset();
        return shows;
    }

    private Statement Bound(long node, PlaceForm form)
    {
        if (form == PlaceForm.Clear)
        {
            tree.Store.Keys.Bind(clear, 1, node);
            return clear;
        }

        if (form == PlaceForm.Place)
        {
            BindShown(write, node);
            return write;
        }

        tree.Store.Keys.Bind(root, 1, node);
        if (tree.Names.Position != null)
        {
            TreeValue.Bind(root, 3, tree.Store.ReadNode(node).Place.Position, tree.Store.Positions, nullAsBlob: false);
        }

        return root;
    }

    private void BindShown(Statement statement, long node) => Park(node, BindPlace(statement, node) ? WithoutParent : 0);

    private bool TryRun(Statement statement, long node)
    {
        _ = statement.Handle;
        int code = statement.TryRun();
        if (code != ResultCode.Done)
        {
            EngineException failure = statement.Failure(code);
            statement.Reset();
            RefusalReason reason = RefusalKind.Of(failure.Code, failure.Code == ResultCode.Error && !connection.CanPrepare(statement.Sql));
            Refuse(reason, failure);
            return reason == RefusalReason.None ? throw failure : false;
        }

        statement.Reset();
        if (connection.Changes == 0 && HasRow(node))
        {
            Refuse(RefusalReason.Trigger, new EngineException(ResultCode.Constraint, $"{tree.Name}: a trigger kept the row with key {Describe(node)} in its place"));
            return false;
        }

        return true;
    }

    private void NoteWritten(long node, PlaceForm form)
    {
        if (connection.Changes == 0)
        {
            // Its row is not here.
            return;
        }

        watch.Changed(tree.Tracked, tree.Store.Keys.PkBlob(node), form == PlaceForm.Clear ? columns.AsSpan(0, 1) : columns, RowEffect.Update);
    }

    private void Refuse(RefusalReason reason, EngineException refusal)
    {
        Reason = reason;
        Refusal = refusal;
    }

    private void Park(long node, int how)
    {
        park.Bind(1, node).Bind(2, how);
        park.Run();
    }

    private long Identity(long node)
    {
        using NativeBuffer bytes = new();
        tree.Store.Keys.Append(node, bytes);
        Fnv1a64 hash = new(Fnv1a64.Of(bytes.Bytes));
        hash.Add(System.Text.Encoding.UTF8.GetBytes(tree.Name + " place"));
        return (long)hash.Value;
    }
}
