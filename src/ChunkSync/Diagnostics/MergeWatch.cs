using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Merge;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Diagnostics;

/// <summary>What this connection's last call did that merged what others sent: the rows that it changed, what lost, and what cannot be if
/// every file has an identity of its own.</summary>
internal sealed class MergeWatch : IMergeWatch, IDisposable
{
    /// <summary>Memory for the rows where nothing is set, in bytes.</summary>
    public const long DefaultAppliedBytes = 1_048_576;

    private readonly SyncSession session;
    private readonly Statement waits;
    private readonly Statement waitingExists;
    private bool isCalled;

    /// <summary>Whether the rows are those of a transaction that is durable.</summary>
    private bool isDurable = true;
    private byte[]? booked;
    private Suspicion? own;
    private readonly List<BookedChange> news = [];
    private readonly ConvertedCounts converted;
    private long ownCount;
    private long newsCount;

    public MergeWatch(SyncSession session)
    {
        this.session = session;
        Log = new ConflictLog(session);
        converted = new ConvertedCounts(session);
        waitingExists = session.Connection.Prepare("SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = 'cloudsync_waiting_changes'");
        waits = session.Connection.Prepare("SELECT 1 FROM main.cloudsync_waiting_changes WHERE tbl = ?1 AND pk = ?2 LIMIT 1");
    }

    /// <summary>The rows that the last call changed.</summary>
    public AppliedRows Applied { get; } = new();

    /// <summary>What lost.</summary>
    public ConflictLog Log { get; }

    /// <summary>When the last call began, in Unix seconds; null before the first.</summary>
    public long? LastAt { get; private set; }

    /// <summary>What the last call returned; null when it failed.</summary>
    public long? LastRows { get; private set; }

    /// <summary>The groups that were refused at first in the last call.</summary>
    public long LastAside { get; private set; }

    /// <summary>Those of them that wait since.</summary>
    public long LastWaited { get; private set; }

    /// <summary>How the last call failed; null when it did not.</summary>
    public string? LastError { get; private set; }

    public bool LogsConflicts => Log.IsOn;

    public void BeginCall()
    {
        Begin();
        Log.Begin(LastAt ?? 0);
    }

    public void PassCall()
    {
        Begin();
        EndCall(0);
    }

    public void EndCall(long rows)
    {
        LastRows = rows;
        Leave();
    }

    public void FailCall(string text)
    {
        LastError = text;
        Leave();
    }

    public void Repeats(byte[] site) => booked = site;

    public WatchMark Mark()
    {
        Log.Write();
        return new WatchMark(Applied.Length, Applied.Writes, ownCount, newsCount, converted.Total);
    }

    public void Rewind(WatchMark mark)
    {
        Applied.Truncate(mark.Length, mark.Writes);
        Log.Forget();
        Reset(mark);
    }

    public void Changed(TrackedTable table, NativeBytes key, ReadOnlySpan<int> columns, RowEffect effect)
    {
        if (!isCalled)
        {
            return;
        }

        Applied.Add(table, key, columns, effect);
    }

    public void Won(TrackedTable table, NativeBytes key, in News news, long ownDbVersion)
    {
        if (ownDbVersion != 0)
        {
            own ??= First(table, key, ownDbVersion);
            ownCount++;
        }

        if (booked != null && news.Any && !Waits(table, key) && ++newsCount <= BookedChange.Most)
        {
            this.news.Add(BookedChange.Of(table, key, news));
        }
    }

    public void Converted(TrackedTable table, int column)
    {
        if (isCalled)
        {
            converted.Add(table, column);
        }
    }

    public void Note(in Conflict conflict) => Log.Add(conflict);

    public void RowDone(TrackedTable table, NativeBytes key) => Log.Done(table, key);

    public void RowAbandoned() => Log.Drop();

    public void Settled(long aside, long waited)
    {
        LastAside = aside;
        LastWaited = waited;
    }

    public void Store()
    {
        Store(Settings.ForeignOwn, own, ownCount);
        if (booked != null && newsCount > 0)
        {
            string key = Settings.BookedNews + Convert.ToHexStringLower(booked);
            session.Settings.Set(key, BookedChange.Format(BookedChange.Parse(session.Settings.Text(key)).Concat(news).TakeLast(BookedChange.Most)));
        }

        converted.Store();
        Reset(default);
        Log.Write();
        Log.Cut();
    }

    /// <summary>The transaction is durable.</summary>
    public void Committed() => isDurable |= !isCalled;

    /// <summary>The transaction is gone, and with it what it changed.</summary>
    public void RolledBack()
    {
        if (!isCalled && !isDurable)
        {
            Applied.Clear();
        }
    }

    /// <summary>Something of the transaction is gone: perhaps that.</summary>
    public void Undone()
    {
        if (!isCalled && !isDurable)
        {
            Applied.Forget();
        }
    }

    public void Dispose()
    {
        Applied.Dispose();
        Log.Dispose();
    }

    private void Begin()
    {
        LastAt = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        LastRows = null;
        LastAside = 0;
        LastWaited = 0;
        LastError = null;
        session.Refresh();
        Applied.Begin(session.Settings.Integer(Settings.AppliedBytes) ?? DefaultAppliedBytes);
        isCalled = true;
        isDurable = false;
        booked = null;
        Reset(default);
    }

    private void Leave()
    {
        isCalled = false;
        booked = null;
        Log.End();
        isDurable = session.Connection.IsAutocommit;
        if (!isDurable)
        {
            // How the caller's transaction ends is to be heard.
            session.JoinWhenWriting();
        }
    }

    private void Reset(WatchMark mark)
    {
        ownCount = mark.Own;
        newsCount = mark.News;
        converted.Rewind(mark.Converted);
        own = ownCount == 0 ? null : own;
        news.RemoveRange((int)Math.Min(newsCount, news.Count), news.Count - (int)Math.Min(newsCount, news.Count));
    }

    private void Store(string key, Suspicion? first, long count)
    {
        if (count > 0 && first != null)
        {
            Suspicion stored = Suspicion.Parse(session.Settings.Text(key)) ?? first with { Count = 0 };
            session.Settings.Set(key, (stored with { Count = stored.Count + count, At = first.At }).ToString());
        }
    }

    private static Suspicion First(TrackedTable table, NativeBytes key, long dbVersion) =>
        new(1, DateTimeOffset.UtcNow.ToUnixTimeSeconds(), dbVersion, Convert.ToHexStringLower(key.Span), table.Name);

    /// <summary>Whether changes of the row wait: a repeat that lands with them is no news.</summary>
    private bool Waits(TrackedTable table, NativeBytes key)
    {
        bool any = waitingExists.Step();
        waitingExists.Reset();
        if (any)
        {
            waits.BindText(1, table.NameUtf8).BindBlob(2, key.Span);
            any = waits.Step();
            waits.Reset();
        }

        return any;
    }
}
