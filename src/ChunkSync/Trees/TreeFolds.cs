using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Frontier;
using ChunkSync.Merge;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>Folds what is pending into the trees of a database: at the end of every apply, and when asked.</summary>
internal sealed class TreeFolds(SyncSession session, TableCatalog catalog, IMergeWatch watch) : ITreeFolds, ITreeLogs
{
    private const string Deferred = "deferred";

    /// <summary>How many operations are taken in at once.</summary>
    private const int PendingAtOnce = 50_000;

    /// <summary>How many refused rows a fold tries again by the way.</summary>
    private const long DefaultBudget = 64;

    private readonly TablePart<TreeTable> parts = new(table => table.Tree == null ? null : Make(session, catalog, table, watch));
    private readonly Dictionary<string, FoldResult> last = [];

    /// <summary>What the last fold of this connection did to a tree.</summary>
    public FoldResult Last(string table) => last.GetValueOrDefault(AsciiNames.Lower(table));

    /// <summary>What is known of a tree table.</summary>
    /// <exception cref="EngineException">It is none.</exception>
    public TreeTable Require(string name, string function)
    {
        if (catalog.Find(name) is { Tree: not null } table)
        {
            return Of(table);
        }

        string lost = catalog.FindBaseTable(name + TreeRegistration.CarrierSuffix) == null ? ""
            : $"; its operation log is there, and {TreeRegistry.Table.Name} has no row of it: call cloudsync_tree_init again";
        throw catalog.Damage.Unknown(name, ResultCode.Error, TreeErrors.NotATree(function, name) + lost);
    }

    /// <summary>All trees.</summary>
    public IEnumerable<TreeTable> All => catalog.All.Where(table => table.Tree != null).Select(Of);

    /// <inheritdoc cref="Require"/>
    public TreeTable Of(TrackedTable table) => parts.Of(table)!;

    public bool NeedsDeferredKeys
    {
        get
        {
            if (!catalog.HasTrees)
            {
                return false;
            }

            foreach (TrackedTable table in catalog.All)
            {
                if (table.Tree != null && Of(table).HasForeignKey)
                {
                    return true;
                }
            }

            return false;
        }
    }

    public EngineException? FoldAll(MergeCall call, bool triesAll = false)
    {
        if (!catalog.HasTrees || session.Settings.Text(Settings.TreeCatchUp) == Deferred)
        {
            return null;
        }

        // By name: what is undone makes the catalog read its tables again.
        EngineException? first = null;
        foreach (string name in catalog.All.Where(table => table.Tree != null && table.Columns.Length > 0).Select(table => table.Name).ToArray())
        {
            if (catalog.Find(name) is { Tree: not null } table && Of(table).HasWork())
            {
                EngineException? failure = TryFold(table, rebuilds: false, call, triesAll);
                first ??= failure;
                if (session.Connection.IsAutocommit)
                {
                    return first;
                }
            }
        }

        return first;
    }

    public long CountRefused() => !catalog.HasTrees ? 0 : catalog.All.Where(table => table.Tree != null && table.Columns.Length > 0).Sum(table => Of(table).Refused.Count);

    public Statement? OpenRefused()
    {
        session.Refresh();
        string query = string.Join(" UNION ALL ", catalog.All.Where(table => table.Tree != null && table.Columns.Length > 0).Select(RefusedPlaces.Query));
        return query.Length == 0 ? null : session.Connection.Prepare(query);
    }

    /// <summary>Folds one tree in a savepoint of its own: after a failure it is as before, and what is pending stays.</summary>
    /// <param name="table">The table.</param>
    /// <param name="rebuilds">Whether everything is done again.</param>
    /// <param name="call">What is done with rows that are refused their places.</param>
    /// <param name="triesAll">Whether all rows that were refused before are tried again.</param>
    /// <returns>Why it failed; null when it did not.</returns>
    public EngineException? TryFold(TrackedTable table, bool rebuilds, MergeCall call, bool triesAll)
    {
        string name = table.Name;
        while (true)
        {
            TreeTable tree = Of(catalog.Require(name));
            WatchMark mark = watch.Mark();
            string? key = null;
            try
            {
                using TransactionScope scope = session.BeginTransaction("chunksync_fold");
                try
                {
                    Fold(tree, rebuilds, call, triesAll);
                }
                catch (EngineException)
                {
                    // Before it is undone: the node may be one that this fold has made.
                    key = tree.Rows.TryDescribeCurrent();
                    throw;
                }

                scope.Complete();
                return null;
            }
            catch (AttemptFailedException attempt)
            {
                watch.Rewind(mark);

                // The call knows now that this table's triggers leave traces; or everything is gone.
                if (session.Connection.IsAutocommit)
                {
                    return attempt.Failure;
                }

                session.Refresh();
            }
            catch (EngineException failure)
            {
                watch.Rewind(mark);
                return session.Connection.IsAutocommit ? failure : Failed(name, key, failure);
            }
        }
    }

    public void Appended(TrackedTable carrier, ReadOnlySpan<Value> values)
    {
        if (catalog.Find(carrier.TreeOfLog!) is not { Tree: not null } table)
        {
            return;
        }

        TreeTable tree = Of(table);
        if (TreeValue.IsVoid(values[0], values[1], values[2], values[3], values[4]))
        {
            throw Void(table, values);
        }

        // What records rows from before the tree is older than every move.
        if (values[0].Int64 <= 0)
        {
            return;
        }

        tree.Store.Positions.Clear();
        tree.Store.TryRead(values[0], values[1], values[2], values[3], values[4], out TreeOperation operation);
        bool hasHead = tree.Store.TryReadHead(out OperationStamp head);
        if (hasHead && operation.Stamp <= head)
        {
            return;
        }

        // The operation itself may be among those that are pending.
        if (!hasHead && TreeRepair.HasLostLog(session.Connection, tree.Names, catalog.Trees.State(tree.Name).Void + 1))
        {
            throw TreeErrors.Damaged(tree.Name, "its log is empty");
        }

        RefuseJump(tree, operation, hasHead ? Math.Max(head.Lamport, 0) : 0);
        using Fold fold = new(tree.Store);
        bool leadsBack = operation.Place.Parent != TreeLimits.Root && tree.Refused.Any && tree.Rows.LeadsTo(operation.Place.Parent, operation.Node);
        if (leadsBack || !fold.TryAppend(operation))
        {
            throw new EngineException(ResultCode.Constraint,
                $"{table.Name}: {SqlText.Describe(values[2])} cannot move under {SqlText.Describe(values[3])}, which lies below it");
        }

        tree.Rows.Unpark(operation.Node);
        tree.ForgetPending(values);
    }

    public void Restored(TrackedTable table)
    {
        TreeTable tree = Of(table);
        TreeTriggers.Restore(session.Connection, tree.Names, tree.HasForeignKey);
        tree.Rows.MakeAllDirty();
    }

    /// <summary>Takes in what is pending, or everything: some of it at a time, so that memory does not grow with what others send.</summary>
    private void TakeIn(TreeTable tree, Fold fold, bool rebuilds)
    {
        using PendingList pending = new();
        using NativeBuffer from = new();
        bool isMore;
        do
        {
            pending.Clear();
            long voids = tree.ReadPending(pending, from, PendingAtOnce, out isMore);
            if (voids != 0)
            {
                catalog.Trees.AddVoid(tree.Name, voids);
            }

            if (!rebuilds)
            {
                pending.Sort(tree.Store);
                fold.Run(pending, catalog.Trees.State(tree.Name).Floor);
            }
        }
        while (isMore && !fold.IsRebuilt && fold.HeldFrom == null);
        if (rebuilds)
        {
            fold.Rebuild();
        }
    }

    private static TreeTable Make(SyncSession session, TableCatalog catalog, TrackedTable table, IMergeWatch watch)
    {
        if (table.Columns.Length == 0)
        {
            throw Errors.TableGone(table.Name, table.ClockName);
        }

        if (table.Tree!.FindMissing(session.Connection) is string gone)
        {
            throw TreeRepair.Missing(table.Tree!, gone);
        }

        return table.FindMissingPlace() is string missing
            ? throw Errors.CorruptRow(TreeRegistry.Table.Name, $"table {table.Name} has no column '{missing}', which says where its rows are;"
                + $" SELECT cloudsync_tree_init('{table.Name}', …) between cloudsync_begin_alter and cloudsync_commit_alter names others")
            : new TreeTable(session, catalog.Trees, table, watch);
    }

    /// <summary>An operation that was put into the log by hand with a clock value that no other replica believes: it would be counted here alone, and so
    /// would all moves behind it.</summary>
    private void RefuseJump(TreeTable tree, in TreeOperation operation, long clock)
    {
        long lamport = operation.Stamp.Lamport;
        if (TreeLimits.IsBelieved(clock, lamport))
        {
            return;
        }

        // What is pending counts, too; the operation itself is not that near.
        long near = session.Connection.Integer($"SELECT coalesce(max(lamport), 0) FROM {tree.Names.Carrier} WHERE lamport <= {clock + TreeLimits.Gap}");
        if (!TreeLimits.IsBelieved(Math.Max(clock, near), lamport))
        {
            throw Errors.Refused($"{tree.Name}: the clock value {lamport} of an operation is more than {TreeLimits.Gap} above those before it");
        }
    }

    private EngineException Void(TrackedTable table, ReadOnlySpan<Value> values)
    {
        if (values[1].Type != StorageClass.Blob || values[1].Length != TreeLimits.SiteBytes)
        {
            return !IsLocal(values[1])
                ? Errors.Refused($"{table.Name}: the site of an operation must be a BLOB of {TreeLimits.SiteBytes} bytes, not {SqlText.Describe(values[1])}")
                : Errors.CorruptRow(SiteDirectory.Table.Name, $"the local site id is {SqlText.Describe(values[1])}; operations of tree table {table.Name} need a BLOB of 16 bytes");
        }

        bool isClock = values[0].Type != StorageClass.Integer || values[0].Int64 >= TreeLimits.Top;
        return isClock ? Errors.Refused($"{table.Name}: the clock of the operation log is used up")
            : values[2].Type == StorageClass.Real || values[3].Type == StorageClass.Real
            ? Errors.Refused($"{table.Name}: the key of {SqlText.Describe(values[2])} or its parent is a REAL, which cannot be a key of a tree")
            : Errors.Refused($"{table.Name}: the key or position of {SqlText.Describe(values[2])} is longer than {TreeLimits.MaxValue} bytes");
    }

    /// <summary>Whether a value is the local site id, as it is stored: triggers take it from there.</summary>
    private bool IsLocal(Value site)
    {
        using Statement local = session.Connection.Prepare($"SELECT 1 FROM main.{SiteDirectory.Table.Name} WHERE rowid = 0 AND site_id IS ?1");
        local.Bind(1, site);
        return TreeStore.Is(local);
    }

    private EngineException Failed(string table, string? key, EngineException failure)
    {
        session.Refresh();
        EngineException told = TreeErrors.FoldFailed(failure, table, key, Of(catalog.Require(table)).CountPending());
        if (ResultCode.Primary(failure.Code) is not (ResultCode.Interrupt or ResultCode.NoMem or ResultCode.Full or ResultCode.IoErr))
        {
            catalog.Trees.StoreFailure(table, told.Message);
        }

        return told;
    }

    private void Fold(TreeTable tree, bool rebuilds, MergeCall call, bool triesAll)
    {
        string table = tree.Name;
        tree.Store.Positions.Clear();
        using Fold fold = new(tree.Store);
        bool isLost = !rebuilds && !tree.Store.TryReadHead(out _) && TreeRepair.HasLostLog(session.Connection, tree.Names, catalog.Trees.State(table).Void);
        using (MergeScope merging = session.Merging())
        {
            TakeIn(tree, fold, rebuilds || isLost);

            using TreeProjection projection = new(tree, call, triesAll ? -1 : session.Settings.Integer(Settings.WaitingBudget) ?? DefaultBudget);
            projection.Run(fold.Table);
        }

        if (!fold.IsRebuilt)
        {
            tree.ForgetPending(fold.HeldFrom);
        }

        catalog.Trees.StoreFailure(table, null);
        FoldResult done = fold.Result;
        done.Held = fold.HeldFrom == null ? done.Held : tree.CountPending();
        last[AsciiNames.Lower(table)] = done;
    }
}
