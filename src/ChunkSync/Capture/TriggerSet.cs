using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>The triggers of a tracked table (spec E.4). They call only functions that sqlite-sync 1.1.4 has too, with its text, so
/// that a database can move between the two.</summary>
internal static class TriggerSet
{
    private static readonly string[] Prefixes =
    [
        "cloudsync_after_insert_", "cloudsync_after_update_", "cloudsync_after_delete_", "cloudsync_before_update_",
        "cloudsync_before_delete_",
    ];

    /// <summary>Creates the triggers that are missing.</summary>
    public static void Create(
        Connection connection, string table, IReadOnlyList<TableColumn> columns, CrdtAlgorithm algorithm, string? filter)
    {
        TableColumn[] keys = [.. columns.Where(column => column.IsKey)];
        string name = Connection.Literal(table);
        string newFilter = filter == null ? "" : $" AND ({FilterExpression.Qualify(filter, columns, "NEW")})";
        string oldFilter = filter == null ? "" : $" AND ({FilterExpression.Qualify(filter, columns, "OLD")})";
        Create(connection, table, "cloudsync_after_insert_", "AFTER INSERT", $"cloudsync_is_sync({name}) = 0{newFilter}",
            $"SELECT cloudsync_insert({name}, {string.Join(",", keys.Select(key => "NEW." + key.Quoted))});");
        if (algorithm == CrdtAlgorithm.GrowOnlySet)
        {
            string enabled = $"cloudsync_is_enabled({name}) = 1";
            Create(connection, table, "cloudsync_before_update_", "BEFORE UPDATE", enabled, Refusal("UPDATE", table));
            Create(connection, table, "cloudsync_before_delete_", "BEFORE DELETE", enabled, Refusal("DELETE", table));
            return;
        }

        IEnumerable<TableColumn> ordered = keys.Concat(columns.Where(column => !column.IsKey));
        string rows = string.Join(", ", ordered.Select(column => $"({name}, NEW.{column.Quoted}, OLD.{column.Quoted})"));
        Create(connection, table, "cloudsync_after_update_", "AFTER UPDATE", $"cloudsync_is_sync({name}) = 0{newFilter}",
            "SELECT cloudsync_update(table_name, new_value, old_value) FROM (WITH column_data(table_name, new_value, old_value) AS"
            + $" (VALUES {rows}) SELECT table_name, new_value, old_value FROM column_data);");
        Create(connection, table, "cloudsync_after_delete_", "AFTER DELETE", $"cloudsync_is_sync({name}) = 0{oldFilter}",
            $"SELECT cloudsync_delete({name},{string.Join(",", keys.Select(key => "OLD." + key.Quoted))});");
    }

    /// <summary>Drops all triggers of a table.</summary>
    public static void Drop(Connection connection, string table)
    {
        foreach (string prefix in Prefixes)
        {
            connection.Execute("DROP TRIGGER IF EXISTS main." + Connection.Quote(prefix + table));
        }
    }

    private static void Create(Connection connection, string table, string prefix, string time, string when, string body) =>
        connection.Execute(
            $"CREATE TRIGGER IF NOT EXISTS main.{Connection.Quote(prefix + table)} {time} ON {Connection.Quote(table)} FOR EACH ROW"
            + $" WHEN {when} BEGIN {body} END");

    private static string Refusal(string operation, string table) =>
        "SELECT RAISE(ABORT, " + Connection.Literal($"Error: {operation} operation is not allowed on table {table}.") + ");";
}
