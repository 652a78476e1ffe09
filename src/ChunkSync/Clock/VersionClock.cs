using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Clock;

/// <summary>The replica's Lamport clock (behaviour E.6): db_version per transaction and seq inside it. A pending db_version becomes
/// current at commit and is forgotten at rollback; seq numbers given back by a savepoint rollback stay used.</summary>
internal sealed class VersionClock(SyncSession session, TableCatalog catalog)
{
    /// <summary>A saved state of the clock.</summary>
    internal readonly record struct State(long? Current, long Pending, long Seq, long Used);

    private long? current;
    private long pending;
    private long seq;

    /// <summary>The place in the catalog of the table that had the newest version; only where to look first.</summary>
    private int newestTable;

    /// <summary>The highest db_version that counts when the transaction ends. One that a merge took for a change that was refused then does
    /// not: no clock row has it, and the next connection gives it out again. A local write takes its version in any case.</summary>
    private long used;

    /// <summary>The number of the joined transaction in which a db_version was last taken.</summary>
    private long takenIn = -1;

    /// <summary>The last committed db_version, 0 for none. Inside a transaction it shows the value before it.</summary>
    public long Current => current ??= ReadCurrent();

    /// <summary>The db_version that the open transaction has taken; 0 for none.</summary>
    public long Pending => pending;

    /// <summary>The highest db_version that was given out, the open transaction's with it.</summary>
    public long Highest => Math.Max(Current, pending);

    /// <summary>The highest db_version that the file shows. One that was given out and is nowhere stored another connection gives out again.</summary>
    public long HighestStored => IsReached(Highest) ? Highest : ReadCurrent();

    /// <summary>Whether the open transaction has taken a db_version: it may have written changes.</summary>
    public bool HasTaken => session.Transaction.IsJoined && takenIn == session.Transaction.Number;

    /// <summary>Takes the transaction's db_version: the maximum of current + 1, what is pending, and
    /// <paramref name="merging"/>.</summary>
    /// <param name="merging">The db_version of a change being merged, or 0.</param>
    /// <exception cref="EngineException">The clock is at its end.</exception>
    public long Next(long merging = 0)
    {
        if (!session.Transaction.IsJoined)
        {
            session.JoinWhenWriting();
            session.Refresh();
            pending = pending > Current ? pending : 0;
            takenIn = session.Transaction.Number;
        }

        if (pending == 0)
        {
            takenIn = session.Transaction.Number;
            if (Current >= VersionLimits.DbVersionEnd - 1)
            {
                throw Errors.Full($"db_version has reached {Current}: no later version is accepted anywhere");
            }

            pending = Current + 1;
        }

        // A forged version must not push the clock to its end.
        pending = Math.Max(pending, merging < VersionLimits.ClockReach ? merging : 0);
        used = !session.IsMerging ? pending : used;
        Check.That(pending is > 0 and < VersionLimits.DbVersionEnd);
        return pending;
    }

    /// <summary>Lets the transaction go on with a later db_version, as if it had been committed in between: what follows does
    /// not share a position with what was written before.</summary>
    public void Advance()
    {
        if (pending > 0)
        {
            Count();
            StartOver();
        }
    }

    /// <summary>A merge has written a clock row with the pending db_version.</summary>
    public void Use() => used = pending;

    /// <summary>Lets no version at or below <paramref name="floor"/> be taken any more, although the clock rows that had it are gone. It
    /// holds on this connection; that others see it, too, is the setting <c>pre_alter_dbversion</c>.</summary>
    public void Raise(long floor) => current = Math.Max(Current, floor);

    /// <summary>Stores a floor for other connections, where the clock rows do not show it any more. The setting is written only then:
    /// sqlite-sync compares it as text, and lets versions run backwards wherever it stands.</summary>
    public void Store(long floor)
    {
        if (!IsReached(floor))
        {
            session.Settings.Set(Settings.PreAlterDbVersion, floor);
        }
    }

    /// <summary>Everything the clock holds, to come back to after a savepoint was rolled back.</summary>
    public State Save() => new(current, pending, seq, used);

    /// <summary>Comes back to a saved state.</summary>
    public void Restore(State state) => (current, pending, seq, used) = state;

    /// <summary>Takes the next seq of the transaction, counted from 0 over all tables.</summary>
    public long TakeSeq() => TakeSeqs(1);

    /// <summary>Takes <paramref name="count"/> consecutive seqs and returns the first.</summary>
    public long TakeSeqs(int count)
    {
        session.JoinWhenWriting();
        Check.That(count >= 0 && seq >= 0);
        long first = seq;
        seq += count;
        used = count > 0 ? pending : used;
        return first;
    }

    /// <summary>The transaction is durable.</summary>
    public void Commit()
    {
        Count();
        StartOver();
    }

    /// <summary>The transaction is gone.</summary>
    public void Rollback()
    {
        current = null;
        StartOver();
    }

    private void Count()
    {
        Check.That(used <= pending);
        if (used > 0)
        {
            current = Math.Max(current ?? 0, used);
        }
    }

    private void StartOver()
    {
        pending = 0;
        seq = 0;
        used = 0;
    }

    /// <summary>Another connection may have moved the clock: it is read again at the next use. While a version is pending the
    /// transaction holds the write lock, and no other connection can have.</summary>
    public void Forget()
    {
        if (pending == 0)
        {
            current = null;
        }
    }

    /// <summary>Whether the file shows a version that is not below <paramref name="floor"/>: nearly always the table does that had the newest
    /// one before.</summary>
    private bool IsReached(long floor)
    {
        IReadOnlyList<TrackedTable> tables = catalog.All;
        if (floor <= StoredFloor())
        {
            return true;
        }

        for (int i = 0; i < tables.Count; i++)
        {
            if (tables[(newestTable + i) % tables.Count].NewestVersion() >= floor)
            {
                return true;
            }
        }

        return false;
    }

    private long StoredFloor() =>
        session.Settings.Integer(Settings.PreAlterDbVersion) is long stored and > 0 and < VersionLimits.DbVersionEnd ? stored : 0;

    /// <summary>The maximum db_version of all clock tables and of the setting <c>pre_alter_dbversion</c>, compared as integers
    /// (sqlite-sync 1.1.4 compares the setting as text and so lets versions run backwards).</summary>
    private long ReadCurrent()
    {
        long maximum = StoredFloor();
        IReadOnlyList<TrackedTable> tables = catalog.All;
        for (int i = 0; i < tables.Count; i++)
        {
            long newest = tables[i].NewestVersion();
            newestTable = newest > maximum ? i : newestTable;
            maximum = Math.Max(maximum, newest);
        }

        return maximum;
    }
}
