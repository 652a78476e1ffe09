using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Clock;

/// <summary>A pk blob that no key of a clock table is above, kept during one write transaction: a key above it is new, and its clocks
/// need not be looked up. Keys that grow, as rowids, sorted imports and UUIDv7 do, are recognised by one comparison of bytes.</summary>
/// <remarks>While a transaction holds the write lock, only this connection adds keys, and all that the engine adds are noted
/// here. A rollback to a savepoint leaves the ceiling too high, which costs a look-up and nothing else. A transaction with one row
/// never reads the ceiling, and one whose keys come in no order soon stops asking.</remarks>
internal sealed unsafe class KeyCeiling : IDisposable
{
    /// <summary>Keys below the ceiling, in a row, after which a transaction's keys count as unordered.</summary>
    private const int MaxMisses = 16;

    private readonly SyncSession session;
    private readonly Statement highest;
    private readonly NativeBuffer ceiling = new();
    private long transaction = -1;
    private int asked;
    private int misses;
    private bool isKnown;

    public KeyCeiling(SyncSession session, TrackedTable table)
    {
        this.session = session;
        highest = session.Connection.Prepare($"SELECT pk FROM {table.QuotedClock} ORDER BY pk DESC LIMIT 1");
    }

    /// <summary>Whether it was read in this transaction: every key that is noted counts since.</summary>
    public bool IsKnown => isKnown && transaction == session.Transaction.Number;

    /// <summary>Whether it is certain that the clock table has no row with this key.</summary>
    public bool IsNew(NativeBytes key)
    {
        if (!session.Transaction.IsJoined)
        {
            return false;
        }

        if (transaction != session.Transaction.Number)
        {
            transaction = session.Transaction.Number;
            isKnown = false;
            asked = 0;
            misses = 0;
        }

        if (asked++ == 0 || misses > MaxMisses)
        {
            return false;
        }

        if (!isKnown)
        {
            Read();
        }

        bool isAbove = Compare(key) > 0;
        misses = isAbove ? 0 : misses + 1;
        return isAbove;
    }

    /// <summary>A clock row with this key was written.</summary>
    public void Note(NativeBytes key)
    {
        if (isKnown && Compare(key) > 0)
        {
            Set(key.Span);
        }
    }

    public void Dispose()
    {
        highest.Dispose();
        ceiling.Dispose();
        isKnown = false;
        transaction = -1;
    }

    private int Compare(NativeBytes key) =>
        key.Span.SequenceCompareTo(ceiling.Bytes);

    private void Read()
    {
        bool found = highest.Step() && highest.Type(0) == StorageClass.Blob;
        Set(found ? highest.Blob(0) : default);
        highest.Reset();
        isKnown = true;
    }

    private void Set(ReadOnlySpan<byte> key)
    {
        ceiling.Clear();
        ceiling.Append(key);
    }
}
