using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>What becomes of the clocks of a row that goes out of a table's filter, or comes in (<see cref="FilterTriggers"/>). The table's own
/// triggers fire after this.</summary>
/// <remarks>A row that an UPDATE takes out of the filter is neither deleted elsewhere nor sent any more. Its old key, if that changes, is
/// deleted, and so is a row for which REPLACE puts one outside: there is no such row any more.</remarks>
internal sealed class FilterWatch(Replica replica) : IDisposable
{
    private readonly KeyBuffer newKey = new(replica.Connection);
    private readonly KeyBuffer oldKey = new(replica.Connection);

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

        bool wasCapturing = replica.IsCapturing;
        replica.IsCapturing = true;
        try
        {
            Write(table, what, wasInside, isInside);
        }
        finally
        {
            replica.IsCapturing = wasCapturing;
            replica.CountChanges();
        }
    }

    public void Dispose()
    {
        newKey.Dispose();
        oldKey.Dispose();
    }

    private void Write(TrackedTable table, FilterEvent what, bool wasInside, bool isInside)
    {
        FilteredRows rows = table.Filtered(replica);
        switch (what)
        {
            case FilterEvent.Inserting when !isInside:
                // What goes for it was outside, too, or is known not to be there: others are not told.
                if (!rows.IsInside(newKey))
                {
                    rows.Hide(newKey);
                }

                break;
            case FilterEvent.Inserted when !isInside:
                Delete(table, rows, newKey);
                break;
            case FilterEvent.Updated when !wasInside || !isInside:
                Update(table, rows, wasInside, isInside);
                break;
            case FilterEvent.Deleted when !wasInside:
                rows.Hide(oldKey);
                break;
        }
    }

    private void Update(TrackedTable table, FilteredRows rows, bool wasInside, bool isInside)
    {
        bool moves = !newKey.Bytes.SequenceEqual(oldKey.Bytes);
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
        LocalClockWriter writer = table.Writer(replica);
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
        if (arguments.Length < FilterTriggers.Heading || replica.IsCapturing || replica.MergeDepth > 0
            || replica.Tables.IsDisabled(arguments[0].Text))
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

        replica.RefreshInTrigger();
        return replica.Tables.Find(arguments[0].Text) is TrackedTable { Filter: not null } table && table.Filtered(replica).Id == arguments[1].Int64
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
