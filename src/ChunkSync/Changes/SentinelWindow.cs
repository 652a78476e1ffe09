using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Changes;

/// <summary>Causal lengths of rows, by their sentinels, which most rows do not have. Where keys are asked for in ascending order, the sentinels
/// of a range of keys are walked along with them: one cursor instead of a look-up for each key. Ranges grow while they are used up, and keys
/// in no order are looked up as they come.</summary>
internal sealed unsafe class SentinelWindow : IDisposable
{
    private const int FirstSize = 64;
    private const int LargestSize = 512;
    private const int FirstWait = 4;
    private const int LongestWait = 256;

    /// <summary>Keys that a range must have served to count as one that was worth it.</summary>
    private const int GoodRun = 8;

    private readonly Connection connection;
    private readonly TrackedTable table;
    private readonly Statement single;
    private readonly Statement end;
    private readonly Statement list;
    private readonly NativeBuffer upper = new();
    private readonly NativeBuffer last = new();
    private bool isOpen;
    private bool hasSentinel;
    private int writtenRows;
    private int size = FirstSize;
    private int served;
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
        if (isOpen && (writtenRows != connection.TotalChanges || !Covers(key.Span)))
        {
            Close();
        }

        if (!isOpen && !Open(key))
        {
            return LookUp(key);
        }

        served++;
        last.Clear();
        last.Append(key.Span);
        while (hasSentinel && list.Blob(1).SequenceCompareTo(key.Span) < 0)
        {
            hasSentinel = list.Step();
        }

        return hasSentinel && list.Blob(1).SequenceEqual(key.Span) ? Read(list, key) : 1;
    }

    /// <summary>Ends a scan.</summary>
    public void Finish()
    {
        Reset();
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
        last.Dispose();
    }

    private bool Covers(ReadOnlySpan<byte> key) =>
        key.SequenceCompareTo(last.Bytes) >= 0 && key.SequenceCompareTo(upper.Bytes) < 0;

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

    /// <summary>Opens a range that begins with a key. Not while this connection writes: what it undoes is not counted.</summary>
    private bool Open(NativeBytes key)
    {
        if (wait-- > 0 || connection.IsWriting)
        {
            return false;
        }

        end.BindStaticBlob(1, key).Bind(2, size);
        upper.Clear();

        // Behind all keys: their first byte is the number of columns.
        upper.Append(end.Step() ? end.Blob(0) : [0xFF]);
        end.Reset();
        last.Clear();
        last.Append(key.Span);
        if (!Covers(key.Span))
        {
            wait = LongestWait;
            return false;
        }

        list.BindBlob(1, key.Span).BindBlob(2, upper.Bytes);
        isOpen = true;
        served = 0;
        writtenRows = connection.TotalChanges;
        hasSentinel = list.Step();
        return true;
    }

    private void Close()
    {
        bool wasGood = served >= GoodRun;
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
