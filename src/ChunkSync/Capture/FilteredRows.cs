using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>The rows of a table that its filter leaves out (behaviour E.9). Their clocks stay, with the db_version
/// <see cref="VersionLimits.Hidden"/>: they are not sent, merges are still decided by them, and no version starts over when the row
/// comes back. What was written meanwhile is not known then, so every column that comes back is counted.</summary>
internal sealed unsafe class FilteredRows : IDisposable
{
    private readonly SyncSession session;
    private readonly VersionClock clock;
    private readonly LocalClocks clocks;
    private readonly TrackedTable table;
    private readonly Statement hide;
    private readonly Statement hidden;
    private readonly Statement show;
    private readonly Statement? inside;

    public FilteredRows(SyncSession session, VersionClock clock, LocalClocks clocks, TrackedTable table)
    {
        this.session = session;
        this.clock = clock;
        this.clocks = clocks;
        this.table = table;
        Id = FilterTriggers.Id(table);
        Connection connection = session.Connection;
        hide = connection.Prepare($"UPDATE {table.QuotedClock} SET db_version = {VersionLimits.Hidden} WHERE pk = ?1"
            + $" AND db_version <> {VersionLimits.Hidden} AND (col_name <> '{SentinelColumn.Name}' OR col_version & 1)");
        hidden = connection.Prepare(
            $"SELECT col_name FROM {table.QuotedClock} WHERE pk = ?1 AND db_version = {VersionLimits.Hidden} ORDER BY col_name");
        show = connection.Prepare(
            $"UPDATE {table.QuotedClock} SET db_version = ?2, site_id = 0, seq = ?3 WHERE pk = ?1 AND col_name = ?4");
        string keys = string.Join(", ", table.KeyColumns.Select(column => column.Quoted));
        string where = string.Join(" AND ", table.KeyColumns.Select((column, i) => $"{column.Quoted} = ?{i + 1}"));
        inside = table.Filter == null
            ? null
            : connection.Prepare($"SELECT {keys} FROM {table.Quoted} WHERE {where} AND ({table.Filter}\n)");
    }

    /// <inheritdoc cref="FilterTriggers.Id"/>
    public long Id { get; }

    /// <summary>Whether the row with exactly this key is there, and the filter lets it through.</summary>
    public bool IsInside(KeyBuffer key)
    {
        if (inside == null)
        {
            return true;
        }

        bool found = false;
        if (KeyBinder.TryBind(inside, table, key.Native))
        {
            using KeyBuffer stored = new(null);
            while (!found && inside.Step())
            {
                found = stored.TryRead(inside, table.KeyColumns.Length) && stored.Bytes.SequenceEqual(key.Bytes);
            }

            inside.Reset();
        }

        inside.ClearBindings();
        return found;
    }

    /// <summary>Whether a row has clocks that are not sent.</summary>
    public bool IsHidden(KeyBuffer key)
    {
        hidden.BindStaticBlob(1, key.Data, key.Length);
        bool any = hidden.Step();
        hidden.Reset();
        hidden.ClearBindings();
        return any;
    }

    /// <summary>A row is outside: its clocks are no longer sent, except for a tombstone. The db_versions that they had stay used.</summary>
    public void Hide(KeyBuffer key)
    {
        long floor = clock.Current;
        hide.BindStaticBlob(1, key.Data, key.Length);
        hide.Run();
        bool any = session.Connection.Changes > 0;
        hide.ClearBindings();
        if (any)
        {
            session.JoinWhenWriting();
            clock.Raise(floor);
            clock.Store(floor);
        }
    }

    /// <summary>A row is inside: one that others were never told of, or were told is deleted, is captured as inserted; clocks that were
    /// hidden get new versions.</summary>
    public void Complete(KeyBuffer key)
    {
        LocalClockWriter writer = clocks.Writer(table);
        if (writer.IsAlive(key))
        {
            Show(key, writer);
        }
        else
        {
            writer.Insert(key);
        }
    }

    /// <summary>Gives hidden clocks new versions: columns are counted; the causal length and blocks are sent again as they are.</summary>
    /// <param name="key">The row's key.</param>
    /// <param name="writer">The table's writer.</param>
    /// <param name="changed">By value column: whether it is counted although it is not hidden, when anything is hidden.</param>
    public void Show(KeyBuffer key, LocalClockWriter writer, ReadOnlySpan<bool> changed = default)
    {
        List<byte[]>? names = null;
        hidden.BindStaticBlob(1, key.Data, key.Length);
        while (hidden.Step())
        {
            (names ??= []).Add(hidden.Text(0).ToArray());
        }

        hidden.Reset();
        hidden.ClearBindings();
        if (names == null)
        {
            return;
        }

        long dbVersion = clock.Next();
        foreach (byte[] name in names.Where(name => table.FindValueColumn(name) < 0))
        {
            show.BindStaticBlob(1, key.Data, key.Length).Bind(2, dbVersion).Bind(3, clock.TakeSeq()).BindText(4, name);
            show.Run();
            show.ClearBindings();
        }

        for (int i = 0; i < table.ValueColumns.Length; i++)
        {
            if ((i < changed.Length && changed[i]) || names.Exists(name => table.FindValueColumn(name) == i))
            {
                writer.UpsertColumn(key, i, dbVersion);
            }
        }
    }

    public void Dispose()
    {
        hide.Dispose();
        hidden.Dispose();
        show.Dispose();
        inside?.Dispose();
    }
}
