using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Damage;

/// <summary>One thing that somebody can do to a metadata table with SQL.</summary>
/// <param name="Table">The table.</param>
/// <param name="What">What is done, for messages.</param>
/// <param name="Sql">How.</param>
public sealed record MetadataDamage(string Table, string What, string Sql)
{
    private static readonly string[] WrongValues = ["NULL", "'abc'", "x'00ff'", "1.5", "-1", "9223372036854775807", "''"];

    public override string ToString() => $"{Table}: {What}";

    /// <summary>All of them, for the metadata tables that a database has.</summary>
    public static List<MetadataDamage> All(Database database)
    {
        List<MetadataDamage> all = [];
        foreach (object?[] row in database.Query(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND (name LIKE 'cloudsync\\_%' ESCAPE '\\' OR name LIKE '%\\_cloudsync%' ESCAPE '\\') ORDER BY name"))
        {
            string table = (string)row[0]!;
            string[] columns = [.. database.Query("SELECT name FROM pragma_table_info(?) ORDER BY cid", table).Select(column => (string)column[0]!)];
            all.AddRange(OfTable(table, columns));
            all.AddRange(columns.SelectMany(column => OfColumn(table, columns, column)));
        }

        return all;
    }

    private static IEnumerable<MetadataDamage> OfTable(string table, string[] columns)
    {
        yield return new(table, "dropped", $"DROP TABLE {table}");
        yield return new(table, "emptied", $"DELETE FROM {table}");
        yield return new(table, "without constraints", Rebuild(table, columns, columns));
        yield return new(table, "every row twice", Rebuild(table, columns, columns) + $"; INSERT INTO {table} SELECT * FROM {table}");
        yield return new(table, "a view of that name", $"PRAGMA legacy_alter_table = ON; ALTER TABLE {table} RENAME TO moved; CREATE VIEW {table} AS SELECT * FROM moved; PRAGMA legacy_alter_table = OFF");
        yield return new(table, "a column more", $"ALTER TABLE {table} ADD COLUMN extra");
        yield return new(table, "a column more that must be given", Rebuild(table, columns, [.. columns, "extra NOT NULL"], "'x'"));
        yield return new(table, "another table of that name", $"DROP TABLE {table}; CREATE TABLE {table}(x); INSERT INTO {table} VALUES (1)");
    }

    private static IEnumerable<MetadataDamage> OfColumn(string table, string[] columns, string column)
    {
        yield return new(table, column + " renamed", Rebuild(table, columns, [.. columns.Select(name => name == column ? "renamed" : name)]));
        if (columns.Length > 1)
        {
            string[] rest = [.. columns.Where(name => name != column)];
            yield return new(table, column + " dropped", Rebuild(table, rest, rest));
        }

        foreach (string value in WrongValues)
        {
            yield return new(table, $"{column} = {value}", Rebuild(table, columns, columns) + $"; UPDATE {table} SET {column} = {value}");
            yield return new(table, $"{column} = {value} in one row", Rebuild(table, columns, columns)
                + $"; UPDATE {table} SET {column} = {value} WHERE rowid = (SELECT max(rowid) FROM {table})");
        }
    }

    /// <summary>The table anew, without types and constraints, its rows with the same rowids where they have any.</summary>
    private static string Rebuild(string table, string[] columns, string[] newColumns, string more = "")
    {
        string names = string.Join(", ", columns);
        bool hasRowIds = table is "cloudsync_settings" or "cloudsync_site_id" or "cloudsync_table_settings";
        string rowId = hasRowIds ? "rowid, " : "";
        string newNames = string.Join(", ", newColumns.Select(column => column.Split(' ')[0]));
        // Without it the triggers of a tree would follow the name.
        return $"PRAGMA legacy_alter_table = ON; ALTER TABLE {table} RENAME TO old; CREATE TABLE {table}({string.Join(", ", newColumns)});"
            + $" INSERT INTO {table}({rowId}{newNames}) SELECT {rowId}{names}{(more.Length > 0 ? ", " + more : "")} FROM old; DROP TABLE old; PRAGMA legacy_alter_table = OFF";
    }
}
