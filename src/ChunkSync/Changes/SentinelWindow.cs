using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Changes;

/// <summary>Causal lengths of rows, by their sentinels, which most rows do not have. Where keys are asked for in ascending order, the sentinels
/// of a range of keys are walked along with them: one cursor instead of a look-up for each key. What was walked over is remembered: rows that a scan
/// meets again, because their columns were written at different times, cost nothing then. Ranges grow while they are used up, and keys in no
/// order are looked up as they come.</summary>
internal sealed unsafe class SentinelWindow : IDisposable
{
    private const int FirstSize = 64;
    private const int LargestSize = 512;
    private const int FirstWait = 4;
    private const int LongestWait = 256;

    /// <summary>Clock rows that are walked over at the cost of one look-up: a range that served fewer keys was not worth it.</summary>
    private const int RowsPerLookUp = 8;

    /// <summary>Keys before what is known, in a row, after which it is forgotten.</summary>
    private const int MaxStrays = 16;

    /// <summary>What is remembered of a sentinel whose version is no integer: whoever asks for it looks it up.</summary>
    private const long Unreadable = long.MinValue;

    private readonly Connection connection;
    private readonly TrackedTable table;
    private readonly Statement single;
    private readonly Statement end;
    private readonly Statement list;
    private readonly KnownSentinels known = new();
    private readonly NativeBuffer upper = new();
    private bool isOpen;
    private bool hasSentinel;
    private int writtenRows;
    private int size = FirstSize;
    private int served;
    private int strays;
    private int wait = FirstWait;
    private int nextWait = 2 * FirstWait;

    public SentinelWindow(SyncSession session, TrackedTable table)
    {
        connection = session.Connection;
        this.table = table;
        const string Name = $"col_name = '{SentinelColumn.Name}'";
        single = connection.Prepare($"SELECT col_version FROM {table.QuotedClock} WHERE pk = ?1 AND {Name}", lastingBindings: true);
        end = connection.Prepare($"SELECT pk FROM {table.QuotedClock} WHERE pk >= ?1 ORDER BY pk, col_name LIMIT 1 OFFSET ?2", lastingBindings: true);
        list = connection.Prepare($"SELECT col_version, pk FROM {table.QuotedClock} WHERE pk >= ?1 AND pk < ?2 AND {Name} ORDER BY pk").Walks();
    }

    /// <summary>The causal length of the row with a key: its sentinel's col_version, or 1.</summary>
    /// <param name="key">The pk blob, in memory that lasts.</param>
    public long CausalLength(NativeBytes key)
    {
        // What this connection writes during a scan is seen at once; others cannot change what a scan sees.
        if (writtenRows != connection.TotalChanges)
        {
            Close();
            known.Clear();
            writtenRows = connection.TotalChanges;
        }

        if (known.Covers(key.Span))
        {
            strays = 0;
            return Known(key);
        }

        if (key.Span.SequenceCompareTo(known.End) < 0 && strays++ < MaxStrays)
        {
            // Before what is known: a scan that meets its first rows again comes back to it.
            return LookUp(key);
        }

        if (isOpen && !IsAhead(key.Span))
        {
            Close();
        }

        if (!isOpen && !Open(key))
        {
            return LookUp(key);
        }

        WalkTo(key);
        return Known(key);
    }

    /// <summary>Ends a scan.</summary>
    public void Finish()
    {
        Reset();
        known.Clear();
        strays = 0;
        size = FirstSize;
        wait = FirstWait;
        nextWait = 2 * FirstWait;
    }

    public void Dispose()
    {
        Finish();
        single.Dispose();
        end.Dispose();
        list.Dispose();
        upper.Dispose();
        known.Dispose();
    }

    /// <summary>Whether a key lies in the rest of the range that is being walked over.</summary>
    private bool IsAhead(ReadOnlySpan<byte> key) => key.SequenceCompareTo(known.End) >= 0 && key.SequenceCompareTo(upper.Bytes) < 0;

    private long Known(NativeBytes key)
    {
        served++;
        long length = known.CausalLength(key.Span);
        return length == Unreadable ? LookUp(key) : length;
    }

    private long LookUp(NativeBytes key)
    {
        single.BindStaticBlob(1, key);
        long length = single.Step() ? Read(single, key) : 1;
        single.Reset();
        return length;
    }

    private long Read(Statement row, NativeBytes key) => row.Type(0) switch
    {
        StorageClass.Null => 1,
        StorageClass.Integer => row.Int64(0),
        _ => throw Errors.CorruptClock(table.ClockName, ": the sentinel's col_version of key"
            + $" {KeyText.Describe(key)} is {row.String(0)}, which is not an integer"),
    };

    /// <summary>Opens a range with a key in it. Not while this connection writes: what it undoes is not counted.</summary>
    private bool Open(NativeBytes key)
    {
        if (wait-- > 0 || connection.IsWriting)
        {
            return false;
        }

        // Where the last range ended, unless too much lies in between.
        if (known.IsFull || known.End.IsEmpty || key.Span.SequenceCompareTo(known.End) < 0 || !FindUpper(key))
        {
            strays = 0;
            known.Begin(key.Span);
            if (!FindUpper(key))
            {
                wait = LongestWait;
                return false;
            }
        }

        list.BindBlob(1, known.End).BindBlob(2, upper.Bytes);
        isOpen = true;
        served = 0;
        Step();
        return true;
    }

    /// <summary>Finds where a range ends that begins at the end of what is known; false where a key is not in it.</summary>
    private bool FindUpper(NativeBytes key)
    {
        end.BindBlob(1, known.End).Bind(2, size);
        upper.Clear();

        // Behind all keys: their first byte is the number of columns.
        upper.Append(end.Step() ? end.Blob(0) : [0xFF]);
        end.Reset();
        return key.Span.SequenceCompareTo(upper.Bytes) < 0;
    }

    /// <summary>Takes the sentinels up to a key.</summary>
    private void WalkTo(NativeBytes key)
    {
        while (hasSentinel && list.Blob(1).SequenceCompareTo(key.Span) <= 0)
        {
            ReadOnlySpan<byte> found = list.Blob(1);
            known.Add(found, list.Type(0) == StorageClass.Integer ? list.Int64(0) : Unreadable);
            Step();
        }
    }

    private void Step()
    {
        hasSentinel = list.Step();
        known.ExtendTo(hasSentinel ? list.Blob(1) : upper.Bytes);
    }

    private void Close()
    {
        if (!isOpen)
        {
            return;
        }

        bool wasGood = served * RowsPerLookUp >= size;
        Reset();
        wait = wasGood ? 0 : nextWait;
        nextWait = wasGood ? FirstWait : Math.Min(2 * nextWait, LongestWait);
        size = wasGood ? Math.Min(2 * size, LargestSize) : FirstSize;
    }

    private void Reset()
    {
        if (isOpen)
        {
            isOpen = false;
            list.Reset();
        }
    }
}
