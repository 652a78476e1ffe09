using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Frontier;
using ChunkSync.Keys;
using ChunkSync.Merge;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>What is known of one tree table while its schema stays.</summary>
internal sealed class TreeTable : IDisposable
{
    private readonly Statement pending;
    private readonly Statement pendingBehind;
    private readonly Statement hasWork;
    private readonly Statement countPending;
    private readonly Statement forget;
    private readonly Statement forgetAll;
    private readonly Statement forgetBefore;
    private readonly Statement isDone;
    private readonly Connection connection;
    private PlaceHolders? holders;

    public TreeTable(SyncSession session, TreeRegistry registry, TrackedTable table, IMergeWatch watch)
    {
        Connection connection = session.Connection;
        this.connection = connection;
        Tracked = table;
        Names = new TreeNames(table.Tree!, table.KeyColumns.Length == 1 ? table.KeyColumns[0].Name : "");
        Store = new TreeStore(connection, registry, Names);
        ForeignKeyAction = ReadForeignKey(connection, Names);
        Refused = new RefusedPlaces(connection, this);
        Rows = new TreeRows(session, this, watch);
        pending = connection.Prepare($"SELECT lamport, site, node, parent, pos, present FROM {Names.Pending} ORDER BY lamport, site");
        pendingBehind = connection.Prepare(
            $"SELECT lamport, site, node, parent, pos, present FROM {Names.Pending} WHERE (lamport, site) > (?1, ?2) ORDER BY lamport, site");
        hasWork = connection.Prepare($"SELECT EXISTS (SELECT 1 FROM {Names.Pending}) OR EXISTS (SELECT 1 FROM {Names.Dirty})");
        countPending = connection.Prepare($"SELECT count(*) FROM {Names.Pending}");
        forget = connection.Prepare($"DELETE FROM {Names.Pending} WHERE lamport = ?1 AND site = ?2 AND node = ?3 AND parent = ?4 AND pos = ?5");
        forgetAll = connection.Prepare($"DELETE FROM {Names.Pending}");
        isDone = connection.Prepare($"SELECT 1 FROM {Names.Pending} WHERE present = 0 OR lamport < ?1 LIMIT 1");
        forgetBefore = connection.Prepare($"DELETE FROM {Names.Pending} WHERE present = 0 OR lamport < ?1");
    }

    /// <summary>The table.</summary>
    public TrackedTable Tracked { get; }

    /// <summary>Its name.</summary>
    public string Name => Names.Registration.Table;

    /// <summary>The names of its columns and of the tables beside it.</summary>
    public TreeNames Names { get; }

    /// <summary>Its log and nodes.</summary>
    public TreeStore Store { get; }

    /// <summary>What its rows show.</summary>
    public TreeRows Rows { get; }

    /// <summary>Rows that may show another place than the tree has.</summary>
    public RefusedPlaces Refused { get; }

    /// <summary>Finds rows in the way of others.</summary>
    public PlaceHolders Holders => holders ??= new PlaceHolders(connection, this);

    /// <summary>What the foreign key of the parent column does when a parent is deleted; null where there is none.</summary>
    public string? ForeignKeyAction { get; }

    /// <summary>Whether the parent column has a foreign key: then a row whose parent is not here shows NULL.</summary>
    public bool HasForeignKey => ForeignKeyAction != null;

    /// <summary>Whether a fold has anything to do.</summary>
    public bool HasWork()
    {
        bool has = hasWork.Step() && hasWork.Int64(0) != 0;
        hasWork.Reset();
        return has;
    }

    /// <summary>How many operations came or went and are not folded in.</summary>
    public long CountPending()
    {
        long count = countPending.Step() ? countPending.Int64(0) : 0;
        countPending.Reset();
        return count;
    }

    /// <summary>Reads some of what came and went, in order; those that never count are forgotten.</summary>
    /// <param name="target">Gets them.</param>
    /// <param name="from">Behind which stamp to begin; gets the last one.</param>
    /// <param name="limit">After so many, those of the last stamp are completed, and no more.</param>
    /// <param name="isMore">Whether there are others behind.</param>
    /// <returns>How many that never count came, less those that went.</returns>
    public unsafe long ReadPending(PendingList target, NativeBuffer from, int limit, out bool isMore)
    {
        long voids = 0;
        int count = 0;
        using NativeBuffer forgotten = new();
        isMore = false;
        Statement rows = From(from);
        try
        {
            for (; rows.Step(); count++)
            {
                if (count >= limit && !HasStamp(rows, from))
                {
                    isMore = true;
                    break;
                }

                from.Clear();
                TreeValue.Append(from, rows.ColumnValue(0));
                TreeValue.Append(from, rows.ColumnValue(1));
                bool isPresent = rows.Int64(5) != 0;
                if (Store.TryRead(rows, out TreeOperation operation))
                {
                    target.Add(new PendingOperation(operation, isPresent));
                }
                else
                {
                    voids += isPresent ? 1 : -1;
                    for (int i = 0; i < 5; i++)
                    {
                        TreeValue.Append(forgotten, rows.ColumnValue(i));
                    }
                }
            }
        }
        finally
        {
            rows.Reset();
        }

        ForgetPending(forgotten);
        return voids;
    }

    /// <summary>An operation is folded in.</summary>
    public void ForgetPending(ReadOnlySpan<Value> operation)
    {
        for (int i = 0; i < operation.Length; i++)
        {
            forget.Bind(i + 1, operation[i]);
        }

        forget.Run();
    }

    /// <summary>What was pending is folded in, but what is held.</summary>
    /// <param name="heldFrom">The clock value of the first one that is held; null where none is.</param>
    public void ForgetPending(long? heldFrom)
    {
        if (heldFrom is long lamport)
        {
            forgetBefore.Bind(1, lamport);
            forgetBefore.Run();
        }
        else
        {
            forgetAll.Run();
        }

        isDone.Bind(1, heldFrom ?? long.MaxValue);
        if (TreeStore.Is(isDone))
        {
            throw Store.Kept();
        }
    }

    public void Dispose()
    {
        forget.Dispose();
        forgetAll.Dispose();
        forgetBefore.Dispose();
        isDone.Dispose();
        Store.Dispose();
        Rows.Dispose();
        Refused.Dispose();
        holders?.Dispose();
        pending.Dispose();
        pendingBehind.Dispose();
        hasWork.Dispose();
        countPending.Dispose();
    }

    /// <summary>What is pending behind a lamport and a site of any type, encoded; all of it behind nothing.</summary>
    private unsafe Statement From(NativeBuffer from)
    {
        if (from.Length == 0)
        {
            return pending;
        }

        ValueReader reader = new(from.Data, from.Length);
        for (int i = 1; i <= 2; i++)
        {
            reader.TryRead(out WireValue value);
            StoredValue.BindCopy(pendingBehind, i, value);
        }

        return pendingBehind;
    }

    /// <summary>Whether the row has a stamp that is encoded.</summary>
    private static bool HasStamp(Statement row, NativeBuffer stamp)
    {
        using NativeBuffer own = new();
        TreeValue.Append(own, row.ColumnValue(0));
        TreeValue.Append(own, row.ColumnValue(1));
        return own.Bytes.SequenceEqual(stamp.Bytes);
    }

    /// <summary>Forgets rows whose columns are encoded one behind the other.</summary>
    private unsafe void ForgetPending(NativeBuffer rows)
    {
        ValueReader reader = new(rows.Data, rows.Length);
        while (reader.Remaining > 0)
        {
            for (int i = 1; i <= 5; i++)
            {
                reader.TryRead(out WireValue value);
                StoredValue.BindCopy(forget, i, value);
            }

            Store.Write(forget);
        }
    }

    private static string? ReadForeignKey(Connection connection, TreeNames names)
    {
        using Statement keys = connection.Prepare("SELECT on_delete FROM pragma_foreign_key_list(?1, 'main') WHERE \"from\" = ?2 COLLATE NOCASE");
        keys.Bind(1, names.Registration.Table).Bind(2, names.Registration.ParentColumn);
        return keys.Step() ? keys.String(0) : null;
    }
}
