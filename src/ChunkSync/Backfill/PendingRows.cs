using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Keys;
using ChunkSync.Session;

namespace ChunkSync.Backfill;

/// <summary>Captures rows that a fill has not come to, when something happens to them.</summary>
internal sealed class PendingRows : IPendingRows, IDisposable
{
    private readonly SyncSession session;
    private readonly VersionClock clock;
    private readonly LocalClocks clocks;
    private readonly TableKeys keys;
    private readonly FillStates states;
    private readonly TablePart<FillTable> tables;
    private readonly KeyBuffer found;

    public PendingRows(SyncSession session, VersionClock clock, LocalClocks clocks, TableKeys keys, FillStates states)
    {
        this.session = session;
        this.clock = clock;
        this.clocks = clocks;
        this.keys = keys;
        this.states = states;
        found = new KeyBuffer(session.Connection);
        tables = new(table => new FillTable(session.Connection, keys, table, states.Exist));
    }

    /// <summary>The order of a table's fill, and where it is.</summary>
    public FillTable Of(TrackedTable table) => tables.Of(table)!;

    /// <inheritdoc/>
    public void Capture(TrackedTable table, KeyBuffer key)
    {
        if (Of(table).IsPending(key))
        {
            Write(table, key);
        }
    }

    /// <inheritdoc/>
    public void CaptureStored(TrackedTable table, ReadOnlySpan<byte> key)
    {
        if (table.Columns.Length > 0 && Of(table).TryFind(key, found))
        {
            Capture(table, found);
        }
    }

    /// <inheritdoc/>
    public void CaptureReplaced(TrackedTable table, KeyBuffer key)
    {
        if (Of(table).IsPending(key) && !HasEqual(table, key))
        {
            Write(table, key);
        }
    }

    /// <inheritdoc/>
    public void Forget(string table) => states.Forget(table);

    public void Dispose() => found.Dispose();

    /// <summary>Whether a key that is the same to SQLite has clocks: then that one's row was in the place, if any.</summary>
    private unsafe bool HasEqual(TrackedTable table, KeyBuffer key)
    {
        KeyRules rules = keys.Rules(table);
        return rules.HasEqualKeys && rules.Match(key.Native) == KeyMatch.Loose
            && rules.Forms(session.Connection, table).FindOthers(key.Native).Count > 0;
    }

    /// <summary>Merged changes have the sender's seqs: what is captured among them has a db_version of its own, so that no two changes share a
    /// position.</summary>
    private void Write(TrackedTable table, KeyBuffer key)
    {
        using CaptureScope scope = session.Capturing();
        if (!session.IsMerging)
        {
            clocks.Writer(table).Insert(key);
            return;
        }

        clock.Advance();
        try
        {
            clocks.Writer(table).Insert(key);
        }
        finally
        {
            clock.Advance();
        }
    }
}
