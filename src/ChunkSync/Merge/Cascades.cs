using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Captures what foreign keys do by themselves while a merge writes. ON DELETE and ON UPDATE actions delete and change rows that
/// the sender of a change may never have known: here they become local changes, as they do when somebody writes the parent here.</summary>
/// <remarks>No trigger can tell an action from what a user's trigger writes, which must not be captured. So the rows are looked up before the
/// statement, level by level, and compared with what is there behind it: a row that is gone gets a tombstone, a column that differs a
/// new version. That ends: the sender's own tombstones come before the parent's, so that its children are gone already, and two
/// replicas that do the same write equal clocks.</remarks>
internal sealed unsafe class Cascades(SyncSession session, TableCatalog catalog, TableKeys keys, VersionClock clock, LocalClocks clocks, FilterWatch filters, IMergeWatch? watch = null)
    : IDisposable
{
    private readonly Statement foreignKeys = session.Connection.Prepare("PRAGMA foreign_keys");
    private readonly ReachedRows rows = new();
    private readonly KeyBuffer identity = new(session.Connection);
    private readonly KeyBuffer values = new(null);
    private readonly KeyBuffer moved = new(session.Connection);
    private ReferenceGraph? graph;
    private int generation = -1;
    private bool isCapturing;
    private CaptureScope capturing;

    /// <summary>Whether foreign keys are enforced, and any has an action.</summary>
    public bool IsActive { get; private set; }

    /// <summary>A batch begins: the setting cannot change inside of it, SQLite ignores it in a transaction.</summary>
    public void Begin()
    {
        // A library without foreign keys gives no row.
        bool enforced = foreignKeys.Step() && foreignKeys.Int64(0) != 0;
        foreignKeys.Reset();
        if (generation != session.Generation)
        {
            Drop();
            generation = session.Generation;
        }

        IsActive = enforced && !(graph ??= ReferenceGraph.Read(session.Connection, catalog, keys)).IsEmpty;
    }

    /// <summary>A table that foreign keys with actions refer to; null for other tables.</summary>
    public ReferenceTable? Parent(TrackedTable table) => graph!.Parent(table.Name);

    /// <summary>Looks up which rows will be reached when a row is deleted.</summary>
    /// <returns>Whether there are any: then <see cref="Capture"/> follows, when the row is deleted.</returns>
    public bool FindDeleted(ReferenceTable parent, NativeBytes key) =>
        Find(parent, key.Span, ReferenceTable.Deleted);

    /// <summary>Looks up which rows will be reached when columns of a row change.</summary>
    /// <param name="parent">The row's table.</param>
    /// <param name="key">The row's pk blob.</param>
    /// <param name="columns">The value columns that are written.</param>
    /// <returns>As for <see cref="FindDeleted"/>.</returns>
    public bool FindUpdated(ReferenceTable parent, NativeBytes key, ReadOnlySpan<int> columns)
    {
        ulong changes = 0;
        bool referred = false;
        foreach (int column in columns)
        {
            referred |= parent.IsReferred[column];
            int place = Array.IndexOf(parent.ValueColumns, column);
            changes |= place < 0 ? 0 : ReferenceTable.Bit(place);
        }

        return referred && Find(parent, key.Span, changes);
    }

    /// <summary>Captures what has become of the rows that were found, as local changes with a db_version of their own: merged changes have
    /// the sender's seqs, and no two changes are to share a position.</summary>
    public void Capture()
    {
        try
        {
            // Children before their parents, as in a cascade of a local write.
            for (long row = rows.Last; row >= 0; row = rows[row].Previous)
            {
                CaptureRow(row);
            }
        }
        finally
        {
            if (isCapturing)
            {
                isCapturing = false;
                capturing.Dispose();
                clock.Advance();
            }

            rows.Clear();
        }
    }

    public void Dispose()
    {
        Drop();
        foreignKeys.Dispose();
        rows.Dispose();
        identity.Dispose();
        values.Dispose();
        moved.Dispose();
    }

    private void Drop()
    {
        graph?.Dispose();
        graph = null;
        IsActive = false;
    }

    private bool Find(ReferenceTable parent, ReadOnlySpan<byte> key, ulong events)
    {
        rows.Clear();
        values.Begin(0);
        bool captured = false;
        if (parent.Changeable != 0)
        {
            ReadValues(parent, key, out captured);
        }

        long own = rows.Add(parent.Number, key, values.Bytes);
        rows[own].IsOwn = true;
        rows[own].IsCaptured = captured;
        rows[own].Merged = events;
        rows.Push(own, events);
        while (rows.TryPop(out long row, out ulong happened))
        {
            foreach (Reference reference in graph![rows[row].Table].ReferredBy)
            {
                ulong effect = EffectOf(reference, happened);
                if (effect != 0)
                {
                    FindChildren(reference, row, effect);
                }
            }
        }

        return rows.Count > 1 || (rows[own].Followed & ~events & parent.Changeable) != 0;
    }

    /// <summary>What a key does to the rows that refer to one to which something happened.</summary>
    private static ulong EffectOf(Reference reference, ulong happened)
    {
        ulong effect = 0;
        happened |= (happened & ~ReferenceTable.Deleted) != 0 ? reference.Parent.Generated : 0;
        if ((happened & ReferenceTable.Deleted) != 0 && reference.OnDelete != ReferenceAction.None)
        {
            effect |= reference.OnDelete == ReferenceAction.Cascade ? ReferenceTable.Deleted : reference.ChildMask;
        }

        return (happened & reference.ParentMask) != 0 && reference.OnUpdate != ReferenceAction.None ? effect | reference.ChildMask : effect;
    }

    private void FindChildren(Reference reference, long row, ulong effect)
    {
        ReferenceTable child = reference.Child;
        identity.Assign(rows.Identity(row));
        Bind(reference.Find, identity);
        try
        {
            while (reference.Find.Step())
            {
                // Where a part of the key is NULL nothing is captured.
                if (identity.TryRead(reference.Find, child.IdentityLength))
                {
                    long found = rows.Find(child.Number, identity.Bytes);
                    found = found >= 0 ? found : Add(reference.Find, child);
                    rows[found].RowId = child.LastingRowId == null ? 0 : reference.Find.Int64(child.IdentityLength);
                    rows.Push(found, effect);
                }
            }
        }
        finally
        {
            reference.Find.Reset();
        }
    }

    /// <summary>Adds the row that a statement stands on, with its identity in <see cref="identity"/>.</summary>
    private long Add(Statement found, ReferenceTable table)
    {
        clocks.Pending(table.Tracked)?.CaptureStored(table.Tracked!, identity.Bytes);
        bool captured = true;
        int start = table.IdentityLength + (table.LastingRowId == null ? 0 : 1);
        if (table.Tracked?.Filter == null)
        {
            Encode(found, start, table.Watched.Count, values);
        }
        else
        {
            ReadValues(table, identity.Bytes, out captured);
        }

        long row = rows.Add(table.Number, identity.Bytes, values.Bytes);
        rows[row].IsCaptured = captured;
        return row;
    }

    /// <summary>Reads the watched columns of a row into <see cref="values"/>; false when there is no such row.</summary>
    private bool ReadValues(ReferenceTable table, ReadOnlySpan<byte> row, out bool matches)
    {
        moved.Assign(row);
        Bind(table.Read, moved);
        bool found = table.Read.Step();
        matches = found && table.Read.Int64(0) != 0;
        values.Begin(0);
        if (found)
        {
            Encode(table.Read, 1, table.Watched.Count, values);
        }

        table.Read.Reset();
        return found;
    }

    private void CaptureRow(long row)
    {
        ReferenceTable table = graph![rows[row].Table];
        TrackedTable? tracked = table.Tracked;
        if (tracked == null || tracked.Columns.Length == 0 || catalog.IsDisabled(tracked.NameUtf8))
        {
            return;
        }

        identity.Assign(rows.Identity(row));
        if (ReadValues(table, identity.Bytes, out bool matches))
        {
            if (matches)
            {
                CaptureColumns(table, row, identity);
            }

            if (tracked.Filter != null)
            {
                CaptureFiltered(tracked, matches);
            }
        }
        else if ((rows[row].Followed & ReferenceTable.Deleted) == 0)
        {
            CaptureMove(table, row);
        }
        else if (!rows[row].IsOwn)
        {
            CaptureDelete(tracked, row);
        }
    }

    /// <summary>A row of a table with a filter that an action changed: it may have gone out of the filter, or come in.</summary>
    private void CaptureFiltered(TrackedTable table, bool isInside)
    {
        FilteredRows filtered = filters.Rows(table);
        if (!isInside)
        {
            Begin(table);
            filtered.Hide(identity);
        }
        else if (filtered.IsHidden(identity))
        {
            filtered.Show(identity, Begin(table));
        }
    }

    private void CaptureDelete(TrackedTable table, long row)
    {
        if (!MergeStrategy.HasTombstones(table))
        {
            Forget(table);
            watch?.Changed(table, identity.Native, [], RowEffect.Delete);
        }
        else if (rows[row].IsCaptured)
        {
            Begin(table).Delete(identity);
            watch?.Changed(table, identity.Native, [], RowEffect.Delete);
        }
    }

    /// <summary>Rows of a table without tombstones: nobody else deletes them: here the row has never been. The clock stays where
    /// it is, because the merged change has a later db_version.</summary>
    private void Forget(TrackedTable table)
    {
        using Statement forget = session.Connection.Prepare($"DELETE FROM {table.QuotedClock} WHERE pk = ?1");
        forget.BindBlob(1, identity.Bytes);
        forget.Run();
    }

    /// <summary>Captures the columns of a row that an action changed: those whose bytes are not what they were.</summary>
    private void CaptureColumns(ReferenceTable table, long row, KeyBuffer key)
    {
        ReadOnlySpan<byte> old = rows.Values(row);
        fixed (byte* before = old)
        {
            ValueReader was = new(before + 1, old.Length - 1);
            ValueReader now = new(values.Data + 1, values.Length - 1);
            for (int i = 0; i < table.Watched.Count; i++)
            {
                long wasAt = was.Offset;
                long nowAt = now.Offset;
                was.TryRead(out _);
                now.TryRead(out _);
                ReadOnlySpan<byte> oldValue = new(before + 1 + wasAt, (int)(was.Offset - wasAt));
                ReadOnlySpan<byte> newValue = new(values.Data + 1 + nowAt, (int)(now.Offset - nowAt));
                ulong bit = ReferenceTable.Bit(i);
                if ((table.Changeable & bit & ~rows[row].Merged) != 0 && table.ValueColumns[i] >= 0 && !oldValue.SequenceEqual(newValue))
                {
                    Begin(table.Tracked!).UpsertColumn(key, table.ValueColumns[i], clock.Next());
                    watch?.Changed(table.Tracked!, key.Native, [table.ValueColumns[i]], RowEffect.Update);
                }
            }
        }
    }

    /// <summary>Captures that an action changed a row's key.</summary>
    private void CaptureMove(ReferenceTable table, long row)
    {
        TrackedTable tracked = table.Tracked!;
        if (!table.IdentityMoves)
        {
            // Gone without an action: a trigger of the user's has deleted it.
            return;
        }

        if (table.ReadMoved is Statement byRowId)
        {
            byRowId.Bind(1, rows[row].RowId);
            bool matches = byRowId.Step() && byRowId.Int64(0) != 0;
            if (matches)
            {
                Encode(byRowId, 1, table.IdentityLength, moved);
            }

            byRowId.Reset();
            if (matches && !moved.Bytes.SequenceEqual(identity.Bytes))
            {
                Begin(tracked).ChangeKey(identity, moved);
                watch?.Changed(tracked, identity.Native, [], RowEffect.Delete);
                watch?.Changed(tracked, moved.Native, [], RowEffect.Insert);
                identity.Assign(moved.Bytes);
                ReadValues(table, identity.Bytes, out _);
                CaptureColumns(table, row, identity);
            }

            return;
        }

        CaptureDelete(tracked, row);
        Statement find = table.FindMoved!;
        Bind(find, identity);
        while (find.Step())
        {
            if (find.Int64(0) != 0)
            {
                Encode(find, 1, table.IdentityLength, moved);
                Begin(tracked).Insert(moved);
                watch?.Changed(tracked, moved.Native, [], RowEffect.Insert);
            }
        }

        find.Reset();
    }

    /// <summary>What captures a table's changes; before the first one the clock moves on.</summary>
    private LocalClockWriter Begin(TrackedTable table)
    {
        if (!isCapturing)
        {
            clock.Advance();
            isCapturing = true;
            capturing = session.Capturing();
        }

        return clocks.Writer(table);
    }

    private static void Encode(Statement statement, int start, int count, KeyBuffer target)
    {
        target.Begin(count);
        for (int i = 0; i < count; i++)
        {
            target.Append(statement.ColumnValue(start + i));
        }
    }

    /// <summary>Binds what identifies a row. The bytes are copied: what is found next moves them.</summary>
    private static void Bind(Statement statement, KeyBuffer key)
    {
        statement.Reset();
        ValueReader reader = new(key.Data + 1, key.Length - 1);
        for (int i = 1; i <= key.Data[0] && reader.TryRead(out WireValue value); i++)
        {
            StoredValue.BindCopy(statement, i, value);
        }
    }
}
