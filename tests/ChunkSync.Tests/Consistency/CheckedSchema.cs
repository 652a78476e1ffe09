using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Consistency;

/// <summary>The tracked tables of a database, read with plain SQL: every table whose name and columns are those of a clock table.</summary>
internal sealed class CheckedSchema : IDisposable
{
    private const string ClockColumns = "('pk', 'col_name', 'col_version', 'db_version', 'site_id', 'seq')";

    private CheckedSchema(List<CheckedTable> tables, Dictionary<string, (string Table, string Sql)> triggers)
    {
        Tables = tables;
        Triggers = triggers;
    }

    public List<CheckedTable> Tables { get; }

    /// <summary>All triggers by name.</summary>
    public Dictionary<string, (string Table, string Sql)> Triggers { get; }

    /// <summary>Whether any trigger of the engine's is on a table.</summary>
    public bool HasTriggers(CheckedTable table) => Triggers.Any(trigger => trigger.Value.Table.Equals(table.Name, StringComparison.OrdinalIgnoreCase)
        && trigger.Key.StartsWith("cloudsync_", StringComparison.Ordinal));

    /// <summary>Reads the schema of a database that has a local site.</summary>
    public static CheckedSchema Read(Database database)
    {
        Dictionary<string, (string, string)> triggers = [];
        foreach (string?[] row in Texts(database, "SELECT name, tbl_name, sql FROM main.sqlite_master WHERE type = 'trigger'"))
        {
            triggers[row[0]!] = (row[1]!, row[2]!);
        }

        List<CheckedTable> tables = [];
        List<string?[]> settings = Texts(database, "SELECT tbl_name, col_name, key, value FROM main.cloudsync_table_settings");
        HashSet<(string, string)> places = ReadPlaces(database);
        foreach (string?[] row in Texts(database,
            "SELECT m.name FROM main.sqlite_master AS m WHERE m.type = 'table' AND length(m.name) > 10 AND substr(m.name, -10) = '_cloudsync'"
            + $" AND (SELECT count(*) FROM pragma_table_info(m.name, 'main') WHERE name IN {ClockColumns}) = 6 ORDER BY m.rowid"))
        {
            tables.Add(ReadTable(database, row[0]![..^CheckedTable.ClockSuffix.Length], settings, places));
        }

        return new CheckedSchema(tables, triggers);
    }

    public void Dispose() => Tables.ForEach(table => table.Dispose());

    private static CheckedTable ReadTable(Database database, string name, List<string?[]> settings, HashSet<(string, string)> places)
    {
        List<CheckedColumn> columns = [.. Texts(database, $"SELECT name, pk > 0 FROM pragma_table_info({CheckedTable.Literal(name)}, 'main') ORDER BY cid")
            .Select(column => new CheckedColumn(column[0]!, column[1] == "1") { HasClocks = !places.Contains((Lower(name), Lower(column[0]!))) })];
        string?[][] own = [.. settings.Where(setting => name.Equals(setting[0], StringComparison.OrdinalIgnoreCase))];
        HashSet<string> blocks = [.. own.Where(setting => setting[2] == "algo" && setting[3] == "block")
            .Select(setting => new CheckedColumn(setting[1]!, IsKey: false).ClockName)];
        string? Setting(string key) => Array.Find(own, setting => setting[1] == "*" && setting[2] == key)?[3];
        bool isGrowOnly = Setting("algo")?.ToLowerInvariant() is "gos" or "growonlyset";
        return new CheckedTable(database, name, columns, Setting("filter"), isGrowOnly, blocks)
        {
            IsFilling = Setting("chunksync_pending") != null,
        };
    }

    /// <summary>The columns of trees that say where a row is: they have no clocks.</summary>
    private static HashSet<(string Table, string Column)> ReadPlaces(Database database)
    {
        HashSet<(string, string)> places = [];
        if (Texts(database, "SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = 'cloudsync_tree'").Count > 0)
        {
            foreach (string?[] row in Texts(database, "SELECT tbl, parent_col, coalesce(pos_col, parent_col) FROM main.cloudsync_tree"))
            {
                places.Add((Lower(row[0]!), Lower(row[1]!)));
                places.Add((Lower(row[0]!), Lower(row[2]!)));
            }
        }

        return places;
    }

    private static string Lower(string name) => new CheckedColumn(name, IsKey: false).ClockName;

    private static List<string?[]> Texts(Database database, string sql)
    {
        using BoundStatement statement = new(database, sql);
        List<string?[]> rows = [];
        while (statement.Step())
        {
            string?[] row = new string?[statement.ColumnCount];
            for (int i = 0; i < row.Length; i++)
            {
                row[i] = statement.Type(i) == 5 ? null : System.Text.Encoding.UTF8.GetString(statement.Text(i));
            }

            rows.Add(row);
        }

        return rows;
    }
}
