using System.Text;
using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>For one table: which rows REPLACE would remove, besides the one with the new row's key, and the TEMP triggers that ask.
/// Only for tables that have a unique index beside the key, or a key whose columns are compared in another way than by bytes, or rows whose
/// deletion can delete others of them: where an UPDATE removes a row by REPLACE, and that one's deletion the updated row, SQLite leaves the UPDATE
/// out, and no AFTER trigger tells of it.</summary>
/// <remarks>The triggers live in no file. Their text bears every change of the table that another connection makes: a column that is gone
/// counts as NULL (<c>new.x</c> in a query of its own is looked up in the row first, then in the FROM around it), and UPDATE OF takes any
/// name. So a statement of the host is compiled in any case; <see cref="Id"/> then shows that the triggers are those of another schema.</remarks>
internal sealed class ReplaceGuard : IDisposable
{
    /// <summary>What a trigger passes in front of values: the table's name and <see cref="Id"/>.</summary>
    public const int Heading = 2;

    /// <summary>The most arguments of a function.</summary>
    private const int MaxArguments = 127;

    private const string OtherTriggers = "SELECT EXISTS (SELECT 1 FROM (SELECT type, name, tbl_name FROM main.sqlite_master UNION ALL"
        + " SELECT type, name, tbl_name FROM temp.sqlite_master) WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE"
        + " AND lower(substr(name, 1, 10)) NOT IN ('cloudsync_', 'chunksync_'))";

    private readonly TrackedTable table;
    private readonly List<string> columns;
    private readonly Statement[] conflicts;
    private readonly int[][] conflictColumns;
    private readonly int[][] nullableColumns;
    private readonly BaseRows rows;
    private readonly Statement? holder;
    private readonly KeyBuffer found = new(null);
    private readonly Statement otherTriggers;
    private bool? hasOtherTriggers;

    private ReplaceGuard(SyncSession session, TrackedTable table, List<UniqueIndex> indexes, bool cascadesToItself)
    {
        Connection connection = session.Connection;
        this.table = table;
        columns = [.. indexes.SelectMany(index => index.Columns).Distinct()];
        string keys = string.Join(", ", table.KeyColumns.Select(column => column.Quoted));
        conflicts = [.. indexes.Select(index => connection.Prepare(
            $"SELECT {keys} FROM {table.Quoted} WHERE {index.Condition()}"))];
        conflictColumns = [.. indexes.Select(index => index.Columns.Select(name => columns.IndexOf(name)).ToArray())];
        nullableColumns = [.. indexes.Select(index => index.NullableColumns.Select(name => columns.IndexOf(name)).ToArray())];
        rows = new BaseRows(session.Connection, table);
        holder = !cascadesToItself ? null : connection.Prepare($"SELECT {keys} FROM {table.Quoted} WHERE "
            + string.Join(" AND ", table.KeyColumns.Select((column, i) => $"{column.Quoted} = ?{i + 1}")));
        otherTriggers = connection.Prepare(OtherTriggers);
        PassesOldKey = Heading + ValueCount + table.KeyColumns.Length <= MaxArguments;
        Id = (long)Fnv1a64.Of(Encoding.UTF8.GetBytes(
            string.Join('\0', conflicts.Select(statement => statement.Sql).Append(keys)) + (PassesOldKey ? "\0old" : "")));
        List<string> watched = [.. indexes.SelectMany(index => index.Watched).Distinct()];
        if (PassesOldKey && (watched.Count > 0 || indexes.Count == 0))
        {
            watched = [.. watched.Union(table.KeyColumns.Select(column => column.Name))];
        }

        WatchesInserts = indexes.Count > 0;
        WatchedValues = [.. table.ValueColumns.Select(column => watched.Contains(column.Name))];
        WatchesKey = table.KeyColumns.Any(column => watched.Contains(column.Name));
        // A rowid has three names.
        IEnumerable<string> aliases = KeyIsRowId && WatchesKey ? ["rowid", "oid", "_rowid_"] : [];
        string of = watched.Count == 0 ? "" : " OF " + string.Join(", ", watched.Union(aliases).Select(Connection.Quote));
        Triggers = WatchesInserts ? [BeforeTrigger("chunksync_before_insert_", "BEFORE INSERT", passesOldKey: false)] : [];
        if (WatchesInserts || PassesOldKey)
        {
            Triggers.Add(BeforeTrigger("chunksync_before_update_", "BEFORE UPDATE" + of, PassesOldKey));
        }

        if (WatchesInserts && table.Filter != null)
        {
            // The table's own triggers do not fire for a row that is outside the filter, and such a row can replace one inside.
            Triggers.Add(AfterTrigger("chunksync_after_insert_", "AFTER INSERT", "new"));
            Triggers.Add(AfterTrigger("chunksync_after_update_", "AFTER UPDATE" + of, "old"));
        }
    }

    /// <summary>Tells the triggers of this schema from those of another.</summary>
    public long Id { get; }

    /// <summary>The TEMP triggers: name, and what stands behind CREATE TRIGGER.</summary>
    public List<(string Name, string Text)> Triggers { get; }

    /// <summary>By value column: whether an update that changes it fires the triggers.</summary>
    public bool[] WatchedValues { get; }

    /// <summary>Whether an insert fires the triggers.</summary>
    public bool WatchesInserts { get; }

    /// <summary>Whether the trigger of an update passes the key that the row had, behind the values: as long as the arguments suffice.</summary>
    public bool PassesOldKey { get; }

    /// <summary>Whether an update that changes the key fires the triggers.</summary>
    public bool WatchesKey { get; }

    /// <summary>The number of values that a BEFORE trigger passes behind the <see cref="Heading"/>.</summary>
    public int ValueCount => table.KeyColumns.Length + columns.Count;

    /// <summary>What <see cref="Connection.TotalChanges"/> was when a trigger was seen to fire, and <see cref="ReplaceTriggers.Epoch"/>: while
    /// both stand still, what comes next is the same row.</summary>
    public (int Changes, long Epoch) Seen { get; set; } = (-1, -1);

    /// <summary>The statement (<see cref="SyncSession.StatementNumber"/>) for which it was decided that it can go on without triggers.</summary>
    public long DecidedIn { get; set; } = -1;

    /// <summary>Whether the table has triggers of the user's. Looked up at the first row that is written: that walks over the schema.</summary>
    public bool HasOtherTriggers
    {
        get
        {
            if (hasOtherTriggers == null)
            {
                otherTriggers.Bind(1, table.Name);
                hasOtherTriggers = otherTriggers.Step() && otherTriggers.Int64(0) != 0;
                otherTriggers.Reset();
            }

            return hasOtherTriggers.Value;
        }
    }

    /// <summary>Whether a key of -1 can stand for a rowid that is not known yet.</summary>
    public bool KeyIsRowId => UniqueIndex.HasIntegerKey(table);

    /// <summary>The guard of a table; null when REPLACE can remove no row of another key.</summary>
    /// <param name="session">The connection.</param>
    /// <param name="table">The table.</param>
    /// <param name="cycles">Which tables' rows can delete each other.</param>
    public static ReplaceGuard? Create(SyncSession session, TrackedTable table, CascadeCycles cycles)
    {
        if (table.KeyColumns.Length == 0)
        {
            return null;
        }

        List<UniqueIndex> indexes = table.HasPlainKeyOnly ? [] : UniqueIndex.Read(session.Connection, table);
        bool cascadesToItself = cycles.Has(table.Name);
        return indexes.Count == 0 && !cascadesToItself ? null : new ReplaceGuard(session, table, indexes, cascadesToItself);
    }

    /// <summary>Notes the keys of the rows that are in the place of a new one in some unique index.</summary>
    /// <param name="values">The new row's values of the guard's columns.</param>
    /// <param name="newKey">Its key; a row with this key is the row itself.</param>
    /// <param name="oldKey">The key that it has had; the same where it keeps its key.</param>
    /// <param name="notes">Where the keys go.</param>
    public void FindConflicts(ReadOnlySpan<Value> values, KeyBuffer newKey, KeyBuffer oldKey, NoteStack notes)
    {
        for (int i = 0; i < conflicts.Length; i++)
        {
            if (!HasNull(values, nullableColumns[i]))
            {
                Find(conflicts[i], values, conflictColumns[i], newKey, oldKey, notes);
            }
        }
    }

    /// <summary>Notes the row that has the new key of an updated one, or one that SQLite takes for equal: it is removed, and may take that one along.</summary>
    /// <param name="newKey">The values of the new key.</param>
    /// <param name="oldKey">The key that the row has.</param>
    /// <param name="notes">Where the key goes.</param>
    public void FindHolder(ReadOnlySpan<Value> newKey, KeyBuffer oldKey, NoteStack notes)
    {
        if (holder == null)
        {
            return;
        }

        for (int i = 0; i < newKey.Length; i++)
        {
            holder.Bind(i + 1, newKey[i]);
        }

        if (holder.Step() && found.TryRead(holder, newKey.Length) && !found.Bytes.SequenceEqual(oldKey.Bytes))
        {
            notes.Add(found.Bytes);
        }

        holder.Reset();
        holder.ClearBindings();
    }

    /// <summary>Whether the row with exactly this key is there.</summary>
    public bool Exists(KeyBuffer key) => rows.Has(key);

    public void Dispose()
    {
        Array.ForEach(conflicts, statement => statement.Dispose());
        holder?.Dispose();
        otherTriggers.Dispose();
        rows.Dispose();
        found.Dispose();
    }

    private static bool HasNull(ReadOnlySpan<Value> values, int[] which)
    {
        foreach (int column in which)
        {
            if (values[column].IsNull)
            {
                return true;
            }
        }

        return false;
    }

    private void Find(Statement conflict, ReadOnlySpan<Value> values, int[] which, KeyBuffer newKey, KeyBuffer oldKey, NoteStack notes)
    {
        for (int i = 0; i < which.Length; i++)
        {
            conflict.Bind(i + 1, values[which[i]]);
        }

        while (conflict.Step())
        {
            if (found.TryRead(conflict, table.KeyColumns.Length) && !found.Bytes.SequenceEqual(newKey.Bytes)
                && !found.Bytes.SequenceEqual(oldKey.Bytes))
            {
                notes.Add(found.Bytes);
            }
        }

        conflict.Reset();
        conflict.ClearBindings();
    }

    private (string Name, string Text) BeforeTrigger(string prefix, string time, bool passesOldKey)
    {
        string[] keys = [.. table.KeyColumns.Select(column => column.Quoted)];
        IEnumerable<string> names = keys.Concat(columns.Select(Connection.Quote));
        IEnumerable<string> values = names.Select(name => "new." + name);
        string call = Call("chunksync_writing", passesOldKey ? values.Concat(keys.Select(key => "old." + key)) : values);
        return Trigger(prefix, time, passesOldKey ? Guarded(call, "old", keys) : call, names);
    }

    /// <param name="prefix">The trigger's name without the table's.</param>
    /// <param name="time">What fires it.</param>
    /// <param name="previous">Whose key the row had before: for an insert, its own.</param>
    private (string Name, string Text) AfterTrigger(string prefix, string time, string previous)
    {
        string[] keys = [.. table.KeyColumns.Select(column => column.Quoted)];
        string call = Call("chunksync_written", keys.Select(key => "new." + key).Concat(keys.Select(key => previous + "." + key)));
        return Trigger(prefix, time, previous == "new" ? call : Guarded(call, previous, keys), keys);
    }

    private string Call(string function, IEnumerable<string> values) =>
        $"{function}({Connection.Literal(table.Name)}, {Id}, {string.Join(", ", values)})";

    private (string Name, string Text) Trigger(string prefix, string time, string call, IEnumerable<string> names)
    {
        string name = prefix + table.Name;
        return (name, $"{Connection.Quote(name)} {time} ON {table.Quoted} BEGIN {Guarded(call, "new", names)[1..^1]}; END");
    }

    /// <summary>A call in a query of its own, without a FROM: there a name is looked up in the row first, and then in the FROM around it.
    /// (Two tables in one FROM would make SQLite fill a temporary one for every row.)</summary>
    private static string Guarded(string call, string row, IEnumerable<string> names) =>
        $"(SELECT (SELECT {call}) FROM (SELECT {string.Join(", ", names.Distinct().Select(name => "NULL AS " + name))}) AS {row})";
}
