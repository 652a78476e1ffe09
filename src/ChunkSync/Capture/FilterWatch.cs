using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>What becomes of the clocks of a row that goes out of a table's filter, or comes in (<see cref="FilterTriggers"/>). The table's own
/// triggers fire after this.</summary>
/// <remarks>A row that an UPDATE takes out of the filter is neither deleted elsewhere nor sent any more. Its old key, if that changes, is
/// deleted, and so is a row for which REPLACE puts one outside: there is no such row any more.</remarks>
internal sealed class FilterWatch(SyncSession session, TableCatalog catalog, VersionClock clock, LocalClocks clocks, ReplacedRows replaced) : IDisposable
{
    private readonly TablePart<FilteredRows> parts = new(table => new FilteredRows(session, clock, clocks, table));
    private readonly KeyBuffer newKey = new(session.Connection);
    private readonly KeyBuffer oldKey = new(session.Connection);

    /// <summary>The old key of the row that came in last, of a table with pending rows; empty when the table's own trigger has asked.</summary>
    private readonly KeyBuffer entered = new(null);

    /// <summary>A TEMP trigger: the arguments of <see cref="FilterTriggers.Function"/>.</summary>
    public void Written(ReadOnlySpan<Value> arguments)
    {
        if (Find(arguments) is not TrackedTable table)
        {
            return;
        }

        FilterEvent what = (FilterEvent)arguments[2].Int64;
        bool wasInside = arguments[3].Int64 != 0;
        bool isInside = arguments[4].Int64 != 0;
        int keys = table.KeyColumns.Length;
        ReadOnlySpan<Value> given = arguments[FilterTriggers.Heading..];
        if (given.Length != (what == FilterEvent.Updated ? 2 : 1) * keys
            || !ReadKey(given[..keys], what == FilterEvent.Deleted ? oldKey : newKey)
            || (what == FilterEvent.Updated && !ReadKey(given[keys..], oldKey)))
        {
            return;
        }

        CaptureScope scope = session.Capturing();
        try
        {
            Write(table, what, wasInside, isInside);
        }
        finally
        {
            scope.Dispose();
            session.CountChanges();
        }
    }

    /// <summary>The rows that a table's filter leaves out.</summary>
    public FilteredRows Rows(TrackedTable table) => parts.Of(table)!;

    /// <summary>Whether an update brought the row with that old key into the filter: before, it was nothing that others hear of. Asked once,
    /// by the table's own trigger, of tables with pending rows.</summary>
    public bool TakeEntered(KeyBuffer key)
    {
        bool has = entered.Length > 0 && entered.Bytes.SequenceEqual(key.Bytes);
        entered.Assign([]);
        return has;
    }

    public void Dispose()
    {
        newKey.Dispose();
        oldKey.Dispose();
        entered.Dispose();
    }

    private void Write(TrackedTable table, FilterEvent what, bool wasInside, bool isInside)
    {
        FilteredRows rows = Rows(table);
        switch (what)
        {
            case FilterEvent.Inserting when !isInside:
                clocks.Pending(table)?.CaptureStored(table, newKey.Bytes);

                // What goes for it was outside, too, or is known not to be there: others are not told.
                if (!rows.IsInside(newKey))
                {
                    rows.Hide(newKey);
                }

                break;
            case FilterEvent.Moving when !isInside:
                clocks.Pending(table)?.CaptureStored(table, newKey.Bytes);
                break;
            case FilterEvent.Inserted when !isInside:
                Delete(table, rows, newKey);
                break;
            case FilterEvent.Updated when !wasInside || !isInside:
                Update(table, rows, wasInside, isInside);
                break;
            case FilterEvent.Deleted when !wasInside:
                rows.Hide(oldKey);
                replaced.Deleted(table, oldKey);
                break;
        }
    }

    private void Update(TrackedTable table, FilteredRows rows, bool wasInside, bool isInside)
    {
        bool moves = !newKey.Bytes.SequenceEqual(oldKey.Bytes);
        if (clocks.Pending(table) is IPendingRows pending)
        {
            if (wasInside)
            {
                pending.Capture(table, oldKey);
            }

            entered.Assign(isInside ? oldKey.Bytes : []);
        }

        if (moves && wasInside)
        {
            Delete(table, rows, oldKey);
        }
        else
        {
            rows.Hide(oldKey);
        }

        if (moves && !isInside)
        {
            rows.Hide(newKey);
        }
    }

    /// <summary>A row that was inside is gone: a tombstone, if others were told of it. Nothing is deleted from a grow-only table.</summary>
    private void Delete(TrackedTable table, FilteredRows rows, KeyBuffer key)
    {
        LocalClockWriter writer = clocks.Writer(table);
        if (table.Algorithm == CrdtAlgorithm.GrowOnlySet)
        {
            rows.Hide(key);
        }
        else if (writer.IsAlive(key) && !rows.IsHidden(key))
        {
            writer.Delete(key);
        }
    }

    /// <summary>The table; null when nothing is to be done: both rows are inside, capture is off, or the trigger is that of another
    /// schema.</summary>
    private TrackedTable? Find(ReadOnlySpan<Value> arguments)
    {
        if (arguments.Length < FilterTriggers.Heading || session.IsCapturing || session.IsMerging
            || catalog.IsDisabled(arguments[0].Text))
        {
            return null;
        }

        bool isInside = arguments[4].Int64 != 0;
        bool sees = (FilterEvent)arguments[2].Int64 switch
        {
            FilterEvent.Updated => !isInside || arguments[3].Int64 == 0,
            FilterEvent.Deleted => arguments[3].Int64 == 0,
            _ => !isInside,
        };
        if (!sees)
        {
            return null;
        }

        session.RefreshInTrigger();
        return catalog.Find(arguments[0].Text) is TrackedTable { Filter: not null } table && Rows(table).Id == arguments[1].Int64
            ? table
            : null;
    }

    private static bool ReadKey(ReadOnlySpan<Value> values, KeyBuffer key)
    {
        key.Begin(values.Length);
        foreach (Value value in values)
        {
            if (value.IsNull)
            {
                return false;
            }

            key.Append(value);
        }

        return true;
    }
}
