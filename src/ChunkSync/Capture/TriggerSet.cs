using ChunkSync.Catalog;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>The triggers of a tracked table (behaviour E.4). They call only functions that sqlite-sync 1.1.4 has too, with its text, so
/// that a database can move between the two.</summary>
internal static class TriggerSet
{
    /// <summary>Key columns that fit in one call beside the table's name: SQLite's functions have at most 127 arguments. Longer keys, which
    /// sqlite-sync cannot track, are passed row by row, with NULL for the side that an insert or delete does not have.</summary>
    public const int MaxKeyArguments = 126;

    private static readonly string[] Prefixes =
    [
        "cloudsync_after_insert_", "cloudsync_after_update_", "cloudsync_after_delete_", "cloudsync_before_update_",
        "cloudsync_before_delete_",
    ];

    /// <summary>Creates the triggers that are missing.</summary>
    public static void Create(
        Connection connection, string table, IReadOnlyList<TableColumn> columns, CrdtAlgorithm algorithm, string? filter)
    {
        foreach (TriggerText trigger in Texts(table, columns, algorithm, filter))
        {
            connection.Execute("CREATE TRIGGER IF NOT EXISTS main." + trigger);
        }
    }

    /// <summary>Creates the triggers that are missing, and again those that do not fit the table any more, because columns were added
    /// without <c>cloudsync_begin_alter</c>.</summary>
    public static void Update(
        Connection connection, string table, IReadOnlyList<TableColumn> columns, CrdtAlgorithm algorithm, string? filter)
    {
        using Statement stored = connection.Prepare("SELECT sql FROM main.sqlite_master WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE");
        stored.Bind(1, table);
        List<string> texts = [];
        while (stored.Step())
        {
            texts.Add(stored.String(0));
        }

        bool fits = Texts(table, columns, algorithm, filter)
            .TrueForAll(trigger => texts.Exists(text => text.Contains(trigger.ToString(), StringComparison.Ordinal)));
        if (!fits)
        {
            Drop(connection, table);
            Create(connection, table, columns, algorithm, filter);
        }
    }

    /// <summary>The same where the table was not tracked: what is left of an earlier time is replaced, and the schema is not searched for it.</summary>
    public static void Renew(
        Connection connection, string table, IReadOnlyList<TableColumn> columns, CrdtAlgorithm algorithm, string? filter)
    {
        Drop(connection, table);
        Create(connection, table, columns, algorithm, filter);
    }

    /// <summary>The triggers of a table.</summary>
    public static List<TriggerText> Texts(string table, IReadOnlyList<TableColumn> columns, CrdtAlgorithm algorithm, string? filter)
    {
        List<TriggerText> texts = [];
        TableColumn[] keys = [.. columns.Where(column => column.IsKey)];
        string name = Connection.Literal(table);
        string capturing = $"cloudsync_is_sync({name}) = 0";
        string newFilter = filter == null ? "" : $" AND ({FilterExpression.Qualify(filter, columns, "NEW")})";
        string oldFilter = filter == null ? "" : $" AND ({FilterExpression.Qualify(filter, columns, "OLD")})";
        bool wide = keys.Length > MaxKeyArguments;
        Add(texts, table, "cloudsync_after_insert_", "AFTER INSERT", capturing, newFilter, wide
            ? Aggregate(keys.Select(key => $"({name}, NEW.{key.Quoted}, NULL)"))
            : $"SELECT cloudsync_insert({name}, {string.Join(",", keys.Select(key => "NEW." + key.Quoted))});");
        if (algorithm == CrdtAlgorithm.GrowOnlySet)
        {
            string enabled = $"cloudsync_is_enabled({name}) = 1";
            Add(texts, table, "cloudsync_before_update_", "BEFORE UPDATE", enabled, "", Raise("UPDATE", table));
            Add(texts, table, "cloudsync_before_delete_", "BEFORE DELETE", enabled, "", Raise("DELETE", table));
            return texts;
        }

        IEnumerable<TableColumn> ordered = keys.Concat(columns.Where(column => !column.IsKey));
        Add(texts, table, "cloudsync_after_update_", "AFTER UPDATE", capturing, newFilter,
            Aggregate(ordered.Select(column => $"({name}, NEW.{column.Quoted}, OLD.{column.Quoted})")));
        Add(texts, table, "cloudsync_after_delete_", "AFTER DELETE", capturing, oldFilter, wide
            ? Aggregate(keys.Select(key => $"({name}, NULL, OLD.{key.Quoted})"))
            : $"SELECT cloudsync_delete({name},{string.Join(",", keys.Select(key => "OLD." + key.Quoted))});");
        return texts;
    }

    /// <summary>The names of all triggers that a table may have.</summary>
    public static IEnumerable<string> Names(string table) => Prefixes.Select(prefix => prefix + table);

    /// <summary>Drops all triggers of a table.</summary>
    public static void Drop(Connection connection, string table)
    {
        foreach (string prefix in Prefixes)
        {
            connection.Execute("DROP TRIGGER IF EXISTS main." + Connection.Quote(prefix + table));
        }
    }

    private static string Aggregate(IEnumerable<string> rows) =>
        "SELECT cloudsync_update(table_name, new_value, old_value) FROM (WITH column_data(table_name, new_value, old_value) AS"
        + $" (VALUES {string.Join(", ", rows)}) SELECT table_name, new_value, old_value FROM column_data);";

    private static void Add(
        List<TriggerText> texts, string table, string prefix, string time, string when, string filter, string body) =>
        texts.Add(new TriggerText(prefix + table, $"{time} ON {Connection.Quote(table)} FOR EACH ROW WHEN {when}", filter, body));

    private static string Raise(string operation, string table) =>
        "SELECT RAISE(ABORT, " + Connection.Literal(CrdtAlgorithms.Refusal(operation, table)) + ");";
}
