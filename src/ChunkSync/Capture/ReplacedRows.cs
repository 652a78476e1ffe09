using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>Captures the rows that REPLACE removes to make room for another key's row: no trigger of theirs fires, unless
/// <c>PRAGMA recursive_triggers</c> is on. TEMP triggers (<see cref="ReplaceGuard"/>) note them before a row is written; those that are gone
/// afterwards get tombstones, with places in the stream before the new row's.</summary>
internal sealed class ReplacedRows(SyncSession session, TableCatalog catalog, VersionClock clock, LocalClocks clocks, ReplaceTriggers triggers) : IDisposable
{
    private const int Heading = ReplaceGuard.Heading;

    /// <summary>Rows that wait for what they replace to be gone, of which the newest ones are looked at: triggers of the user's may have left
    /// others above the one that is being written.</summary>
    private const int MaxLookedAt = 4;

    private readonly NoteStack notes = new();
    private readonly KeyBuffer newKey = new(null);
    private readonly KeyBuffer oldKey = new(null);
    private readonly KeyBuffer gone = new(session.Connection);

    /// <summary>A BEFORE trigger: table, id, the key that the row will have, its values of the guard's columns, and of an update the key that it has.</summary>
    public void Writing(ReadOnlySpan<Value> arguments)
    {
        if (Find(arguments, out TrackedTable table) is not ReplaceGuard guard)
        {
            return;
        }

        bool hasOldKey = guard.PassesOldKey && arguments.Length == Heading + guard.ValueCount + table.KeyColumns.Length;
        if (!hasOldKey && arguments.Length != Heading + guard.ValueCount)
        {
            return;
        }

        guard.Seen = (session.Connection.TotalChanges, triggers.Epoch);
        ReadOnlySpan<Value> values = arguments[Heading..];
        bool isKnown = ReadKey(values, table, newKey) && !(guard.KeyIsRowId && values[0].Int64 == -1);
        bool othersWait = notes.Count > 0;
        notes.Push(table, newKey.Bytes, isKnown);
        bool moves = hasOldKey && ReadKey(values[guard.ValueCount..], table, oldKey) && !oldKey.Bytes.SequenceEqual(newKey.Bytes);
        if (moves)
        {
            notes.SetOldKey(oldKey.Bytes);
        }

        guard.FindConflicts(values[table.KeyColumns.Length..guard.ValueCount], newKey, moves ? oldKey : newKey, notes);
        if (moves && isKnown)
        {
            guard.FindHolder(values[..table.KeyColumns.Length], oldKey, notes);
        }

        if (notes.HasNotes && clocks.Pending(table) is IPendingRows pending)
        {
            CapturePending(pending, table);
            guard.Seen = (session.Connection.TotalChanges, triggers.Epoch);
        }

        if (!othersWait && !notes.HasNotes && !guard.HasOtherTriggers)
        {
            notes.Pop();
        }
    }

    /// <summary>An AFTER trigger of a table with a filter: table, id, key, the key before.</summary>
    public void Written(ReadOnlySpan<Value> arguments)
    {
        if (Find(arguments, out TrackedTable table) != null && arguments.Length == Heading + (2 * table.KeyColumns.Length))
        {
            ReadKey(arguments[Heading..], table, newKey);
            ReadKey(arguments[(Heading + table.KeyColumns.Length)..], table, oldKey);
            Written(table, newKey, oldKey);
            session.CountChanges();
        }
    }

    /// <summary>A row is written: those that were noted for it and are gone get tombstones. An update that changes a key may be noticed late: triggers
    /// of the user's and foreign keys that update the row under its new key come first. A BEFORE trigger of the user's writes it before anything is removed.</summary>
    /// <param name="table">The table.</param>
    /// <param name="key">The row's key.</param>
    /// <param name="previous">The key that it had before.</param>
    public void Written(TrackedTable table, KeyBuffer key, KeyBuffer previous)
    {
        if (notes.Count == 0)
        {
            return;
        }

        int row = notes.Find(table, key.Bytes);
        if (row >= 0)
        {
            bool anyLeft = WriteTombstones(row, key, previous);
            if (!anyLeft && !notes.IsMoving(row, previous.Bytes))
            {
                notes.PopFrom(row);
            }
        }

        // Where a BEFORE trigger of the user's writes this row, another one waits, which may remove it: it was not there when that one's place was looked at.
        if (notes.IsWaitedFor(table) && triggers.Guard(table) is { HasOtherTriggers: true })
        {
            notes.PushWritten(table, key.Bytes);
        }
    }

    /// <summary>A row is deleted. Where it is one that is being updated, that was done by a foreign key of a row that REPLACE removed for it: the UPDATE
    /// is over, the row is not written, and what it replaced is gone.</summary>
    public void Deleted(TrackedTable table, KeyBuffer key)
    {
        int looked = 0;
        for (int row = notes.Count - 1; row >= 0 && looked < MaxLookedAt; row--)
        {
            if (notes.IsWritten(row))
            {
                continue;
            }

            looked++;
            if (notes.Names(row, table, key.Bytes))
            {
                WriteTombstones(row, key, key);
                return;
            }
        }
    }

    /// <summary>What was noted is void.</summary>
    public void Forget() => notes.Clear();

    public void Dispose()
    {
        notes.Dispose();
        newKey.Dispose();
        oldKey.Dispose();
        gone.Dispose();
    }

    /// <summary>The guard that a trigger belongs to; null when nothing is to be noted: capture is off, or the trigger is that of another
    /// schema.</summary>
    private ReplaceGuard? Find(ReadOnlySpan<Value> arguments, out TrackedTable table)
    {
        table = null!;
        if (arguments.Length < Heading || session.IsCapturing || session.IsMerging || catalog.IsDisabled(arguments[0].Text))
        {
            return null;
        }

        session.RefreshInTrigger();
        if (catalog.Find(arguments[0].Text) is not TrackedTable found)
        {
            return null;
        }

        table = found;
        ReplaceGuard? guard = triggers.Guard(found);
        return guard?.Id == arguments[1].Int64 ? guard : null;
    }

    /// <summary>Reads the key in front of some values.</summary>
    /// <returns>False when a part of it is NULL.</returns>
    private static bool ReadKey(ReadOnlySpan<Value> values, TrackedTable table, KeyBuffer key)
    {
        int count = table.KeyColumns.Length;
        bool isKnown = true;
        key.Begin(count);
        foreach (Value value in values[..count])
        {
            isKnown &= !value.IsNull;
            key.Append(value);
        }

        return isKnown;
    }

    /// <summary>Captures what may be removed while it is there: it has clocks to be deleted then.</summary>
    private void CapturePending(IPendingRows pending, TrackedTable table)
    {
        long place = 0;
        while (notes.TryNext(notes.Count - 1, ref place, out _, out ReadOnlySpan<byte> key))
        {
            gone.Assign(key);
            pending.CaptureStored(table, gone.Bytes);
        }
    }

    /// <summary>Writes tombstones for what was noted for a row, and for those above it, and is gone.</summary>
    /// <returns>Whether some row that was noted for it is still there: it may yet be removed.</returns>
    private bool WriteTombstones(int row, KeyBuffer written, KeyBuffer previous)
    {
        long place = 0;
        bool anyLeft = false;
        while (notes.TryNext(row, ref place, out TrackedTable table, out ReadOnlySpan<byte> key))
        {
            if (key.SequenceEqual(previous.Bytes) || triggers.Guard(table) is not ReplaceGuard guard)
            {
                continue;
            }

            gone.Assign(key);
            if (guard.Exists(gone))
            {
                anyLeft |= notes.IsOf(row, place) && !key.SequenceEqual(written.Bytes);
            }
            else if (!notes.IsMoved(row, table, key) && clocks.Writer(table).IsAlive(gone))
            {
                WriteTombstone(table, gone);
            }
        }

        return anyLeft;
    }

    private void WriteTombstone(TrackedTable table, KeyBuffer key)
    {
        long dbVersion = clock.Next();
        clocks.Writer(table).DeleteReplaced(key, dbVersion, clock.TakeSeq());
    }
}
