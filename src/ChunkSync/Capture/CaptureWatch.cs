using ChunkSync.Catalog;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>Notices when the capture of a tracked table has ended unnoticed. A table that is rebuilt (CREATE new, copy, DROP, RENAME) loses
/// its triggers, and SQLite does not report that. Calls that write restore them and leave a mark; calls that read changes refuse, until the
/// user has said what is to become of the time in between.</summary>
/// <remarks>The triggers are compared with what they should be once per schema change and connection; after that, a call costs one
/// comparison of numbers.</remarks>
internal sealed class CaptureWatch
{
    private readonly SyncSession session;
    private readonly TableCatalog catalog;
    private readonly AlterationSnapshot alterations;
    private readonly Statement triggers;
    private ITreeLogs? trees;
    private int readable = -1;
    private int restored = -1;

    public CaptureWatch(SyncSession session, TableCatalog catalog, AlterationSnapshot alterations)
    {
        this.session = session;
        this.catalog = catalog;
        this.alterations = alterations;
        triggers = session.Connection.Prepare(
            "SELECT tbl_name, name, sql FROM main.sqlite_master WHERE type = 'trigger' AND (?1 IS NULL OR tbl_name = ?1 COLLATE NOCASE) ORDER BY rowid");
    }

    /// <summary>Gives it who keeps the triggers of trees.</summary>
    public void Hand(ITreeLogs logs) => trees = logs;

    /// <summary>What the triggers of a table capture; <see cref="CaptureState.Lost"/> too where the table is gone.</summary>
    public CaptureState State(TrackedTable table)
    {
        if (table.CaptureState is not CaptureState state)
        {
            Examine([table], table.Name);
            state = table.CaptureState!.Value;
        }

        return state;
    }

    /// <summary>Whether the triggers are those that this version writes.</summary>
    public bool HasOwnTriggers(TrackedTable table) => State(table) == CaptureState.Complete && table.HasOwnTriggers;

    /// <summary>Whether AFTER triggers of the user's fire before those of the engine, and those can be made again: among a tree's triggers the order is the tree's.</summary>
    public bool HasLateTriggers(TrackedTable table) =>
        State(table) != CaptureState.Lost && table.HasLateTriggers && table.Tree == null && table.TreeOfLog == null;

    /// <summary>Whether capture is on as far as triggers go: between begin and commit of an alteration they are removed on purpose.</summary>
    public bool IsOn(TrackedTable table) => State(table) != CaptureState.Lost || alterations.IsOpen(table);

    /// <summary>Refuses to read changes that are not all there.</summary>
    /// <param name="onlyTable">The one table that is read; empty for all.</param>
    /// <exception cref="EngineException">Names the table and the cures.</exception>
    public void RequireComplete(ReadOnlySpan<byte> onlyTable)
    {
        if (readable == session.Generation)
        {
            return;
        }

        MetadataDamage damage = catalog.Damage;
        if ((onlyTable.IsEmpty ? damage.First : damage.Of(System.Text.Encoding.UTF8.GetString(onlyTable))) is string text)
        {
            throw Errors.Corrupt(text);
        }

        ExamineAll();
        bool all = damage.First == null;
        foreach (TrackedTable table in catalog.All)
        {
            // What is left of a table that was dropped is read, and refused there.
            if (table.Columns.Length == 0 || (table.Uncaptured != TableMarks.WhileLost && State(table) != CaptureState.Lost))
            {
                continue;
            }

            all = false;
            if ((onlyTable.IsEmpty || AsciiNames.Same(table.NameUtf8, onlyTable)) && !alterations.IsOpen(table))
            {
                throw Failure(table);
            }
        }

        readable = all ? session.Generation : -1;
    }

    /// <summary>Whether an alteration of the table was begun and not ended, in the transaction that is open.</summary>
    public bool IsAltering(TrackedTable table) => alterations.IsOpen(table);

    /// <summary>Whether <see cref="Restore"/> has something to do.</summary>
    public bool NeedsRestoring
    {
        get
        {
            ExamineAll();
            return Broken().Exists(CanRestore);
        }
    }

    /// <summary>Makes triggers again that are gone or have an old text. Call it inside the write transaction of a call that writes, before
    /// tables are looked up.</summary>
    public void Restore()
    {
        if (restored == session.Generation)
        {
            return;
        }

        ExamineAll();
        List<TrackedTable> broken = Broken();
        List<TrackedTable> restorable = broken.FindAll(CanRestore);
        if (restorable.Count > 0)
        {
            session.Transaction.Join();
            foreach (TrackedTable table in restorable)
            {
                if (State(table) == CaptureState.Lost)
                {
                    catalog.Marks.Set(table, TableMarks.Uncaptured, TableMarks.WhileLost);
                }

                TriggerSet.Update(session.Connection, table.Name, table.Columns, table.Algorithm, table.Filter);
                if (table.Tree != null)
                {
                    trees?.Restored(table);
                }
            }

            catalog.Schema.Update();
            session.Invalidate();
            session.Refresh();
        }

        // What is broken still is looked at again: an alteration of it may end without a commit of ours.
        restored = broken.Count == restorable.Count ? session.Generation : -1;
    }

    /// <summary>Refuses a table whose key is not the one that its clocks have.</summary>
    public void RequireKey(TrackedTable table)
    {
        if (table.KeyColumns.Length == 0)
        {
            throw Errors.Refused($"table {table.Name} has no primary key any more, and its sync metadata needs one:"
                + $" restore the key, or call SELECT cloudsync_cleanup('{table.Name}')");
        }

        if (KeyLength(table) is int stored && stored != table.KeyColumns.Length)
        {
            throw Errors.Refused($"the primary key of table {table.Name} has {table.KeyColumns.Length} columns, in its"
                + $" sync metadata {table.ClockName} it has {stored}: another key makes another table. Restore the key, or call SELECT"
                + $" cloudsync_cleanup('{table.Name}') and SELECT cloudsync_init('{table.Name}') on all databases");
        }
    }

    /// <summary>The failure of what needs a table whose capture was interrupted.</summary>
    public static EngineException Failure(TrackedTable table) => !table.IsConfigured
        ? Errors.Damaged(table.Name, "cloudsync_table_settings has no setting algo for"
            + $" it, and its triggers are not those of the default; call SELECT cloudsync_init('{table.Name}') again, with 'gos' if it is grow-only")
        : Errors.Refused($"capture of table {table.Name} was interrupted: its triggers were gone, as after a rebuild of the table, and"
            + $" what was changed meanwhile is not known. SELECT cloudsync_recapture('{table.Name}') captures the table as it is now, with"
            + $" 'values' as second argument every value of it; SELECT cloudsync_init('{table.Name}') goes on without what was deleted or updated meanwhile");

    private List<TrackedTable> Broken() => [.. catalog.All.Where(table => State(table) != CaptureState.Complete)];

    private bool CanRestore(TrackedTable table) => table.KeyColumns.Length > 0 && (table.IsConfigured || State(table) != CaptureState.Lost)
        && (KeyLength(table) ?? table.KeyColumns.Length) == table.KeyColumns.Length && !alterations.IsOpen(table);

    /// <summary>How many values the keys of a clock table have: all have as many as the first; null when there is none.</summary>
    private int? KeyLength(TrackedTable table)
    {
        using Statement first = session.Connection.Prepare($"SELECT pk FROM {table.QuotedClock} WHERE typeof(pk) = 'blob' LIMIT 1");
        return first.Step() && first.Blob(0) is { IsEmpty: false } pk ? pk[0] : null;
    }

    private void ExamineAll()
    {
        List<TrackedTable> unknown = [.. catalog.All.Where(table => table.CaptureState == null)];
        if (unknown.Count > 0)
        {
            Examine(unknown, unknown.Count == 1 ? unknown[0].Name : null);
        }
    }

    /// <summary>Compares stored triggers with what they should be.</summary>
    /// <param name="tables">The tables.</param>
    /// <param name="only">Their name when there is one; null to read all triggers at once.</param>
    private void Examine(List<TrackedTable> tables, string? only)
    {
        Dictionary<string, List<(string Name, string Sql)>> stored = [];
        if (only == null)
        {
            triggers.BindNull(1);
        }
        else
        {
            triggers.Bind(1, only);
        }

        while (triggers.Step())
        {
            string table = AsciiNames.Lower(triggers.String(0));
            if (!stored.TryGetValue(table, out List<(string Name, string Sql)>? list))
            {
                stored.Add(table, list = []);
            }

            list.Add((AsciiNames.Lower(triggers.String(1)), triggers.String(2)));
        }

        triggers.Reset();
        foreach (TrackedTable table in tables)
        {
            Examine(table, stored.GetValueOrDefault(AsciiNames.Lower(table.Name)) ?? []);
        }
    }

    private static void Examine(TrackedTable table, List<(string Name, string Sql)> stored)
    {
        table.HasLateTriggers = TriggerOrder.Late(table.Name, stored).Any();
        table.HasOwnTriggers = false;
        table.CaptureState = CaptureState.Lost;
        if (table.KeyColumns.Length == 0)
        {
            return;
        }

        string? Find(TriggerText text) => stored.Find(trigger => trigger.Name == AsciiNames.Lower(text.Name)).Sql;
        List<TriggerText> wanted = TriggerSet.Texts(table.Name, table.Columns, table.Algorithm, table.Filter);
        if (wanted.TrueForAll(text => Find(text) is string sql && text.CapturesLike(sql)))
        {
            table.CaptureState = CaptureState.Complete;
            table.HasOwnTriggers = wanted.TrueForAll(text => text.Is(Find(text)!));
            return;
        }

        // ADD COLUMN appends: the triggers may be those of the columns before it.
        int lastKey = Array.FindLastIndex(table.Columns, column => column.IsKey);
        for (int count = table.Columns.Length - 1; count > lastKey; count--)
        {
            if (TriggerSet.Texts(table.Name, table.Columns[..count], table.Algorithm, table.Filter)
                .TrueForAll(text => Find(text) is string sql && text.CapturesLike(sql)))
            {
                table.CaptureState = CaptureState.Grown;
                return;
            }
        }
    }
}
