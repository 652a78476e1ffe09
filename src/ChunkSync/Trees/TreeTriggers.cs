using ChunkSync.Catalog;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>The triggers of a tree: moves become operations, and operations that come or go become pending. They are plain SQL and call of functions
/// only <c>cloudsync_is_sync</c>, so that a database stays usable through sqlite-sync.</summary>
/// <remarks>Keys are compared with a unary plus: a column's affinity would make of '5' the number 5, and a scan of a look-up.</remarks>
internal static class TreeTriggers
{
    /// <summary>How far an operation's clock may be above the largest one that counts.</summary>
    private const long Gap = Frontier.TreeLimits.Gap;

    /// <summary>Creates those that are missing or have another text.</summary>
    /// <returns>Whether there were such.</returns>
    public static bool Restore(Connection connection, TreeNames names, bool hasForeignKey)
    {
        using Statement stored = connection.Prepare("SELECT sql FROM main.sqlite_master WHERE type = 'trigger' AND name = ?1");
        bool restored = false;
        foreach ((string name, string text) in Texts(names, hasForeignKey))
        {
            stored.Bind(1, name);
            bool fits = stored.Step() && stored.String(0).EndsWith(text, StringComparison.Ordinal);
            stored.Reset();
            if (!fits)
            {
                connection.Execute("DROP TRIGGER IF EXISTS main." + Connection.Quote(name));
                connection.Execute($"CREATE TRIGGER main.{Connection.Quote(name)} {text}");
                restored = true;
            }
        }

        return restored;
    }

    /// <summary>Drops all of them.</summary>
    public static void Drop(Connection connection, TreeRegistration tree)
    {
        foreach (string suffix in (ReadOnlySpan<string>)["insert", "update", "arrive", "overwrite", "added", "removed", "keep_update", "keep_delete", "unpark", "park"])
        {
            connection.Execute("DROP TRIGGER IF EXISTS main." + Connection.Quote($"{tree.Table}_tree_{suffix}"));
        }
    }

    private static List<(string Name, string Text)> Texts(TreeNames names, bool hasForeignKey)
    {
        string table = names.Registration.Table;
        string on = Connection.Quote(table);
        string carrier = Connection.Quote(names.Registration.Carrier);
        string local = $"cloudsync_is_sync({Connection.Literal(table)}) = 0";
        string remote = $"cloudsync_is_sync({Connection.Literal(table)}) <> 0";
        string columns = names.Position == null ? $"{names.Key}, {names.Parent}" : $"{names.Key}, {names.Parent}, {names.Position}";
        string moved = $"NEW.{names.Key} IS NOT OLD.{names.Key} OR NEW.{names.Parent} IS NOT OLD.{names.Parent}"
            + (names.Position == null ? "" : $" OR NEW.{names.Position} COLLATE BINARY IS NOT OLD.{names.Position}");

        // Not OR IGNORE, OR REPLACE: inside a trigger the clause of the statement that fired it comes first.
        string dirty = $"INSERT INTO {Name(names.Dirty)}(key) VALUES (NEW.{names.Key}) ON CONFLICT DO NOTHING;";
        string pending = $"INSERT INTO {Name(names.Pending)}(lamport, site, node, parent, pos, present) VALUES";
        const string Replace = "ON CONFLICT(lamport, site, node, parent, pos) DO UPDATE SET present = excluded.present;";
        string keep = $"SELECT RAISE(ABORT, {Connection.Literal($"{names.Registration.Carrier} is the operation log of tree table {table}: rows are only added")});";
        string own = $"cloudsync_is_sync({Connection.Literal(names.Registration.Carrier)}) = 0";
        List<(string, string)> texts =
        [
            ($"{table}_tree_insert", $"AFTER INSERT ON {on} FOR EACH ROW WHEN {local} AND NOT EXISTS ({InPlace(names, orParked: true)}) BEGIN {Operation(names)} END"),
            ($"{table}_tree_update", $"AFTER UPDATE OF {columns} ON {on} FOR EACH ROW WHEN {local} AND ({moved}) BEGIN {Operation(names)} END"),
            ($"{table}_tree_arrive", $"AFTER INSERT ON {on} FOR EACH ROW WHEN {remote} AND {IsElsewhere(names)} BEGIN {dirty} END"),
            ($"{table}_tree_overwrite", $"AFTER UPDATE OF {columns} ON {on} FOR EACH ROW WHEN {remote} AND {IsElsewhere(names)} BEGIN {dirty} END"),
            ($"{table}_tree_added", $"AFTER INSERT ON {carrier} FOR EACH ROW WHEN NOT EXISTS ({InLog(names)}) OR EXISTS (SELECT 1 FROM {Name(names.Pending)} WHERE {IsNew})"
                + $" BEGIN {pending} (NEW.lamport, NEW.site, NEW.node, NEW.parent, NEW.pos, 1) {Replace} END"),
            ($"{table}_tree_removed", $"AFTER DELETE ON {carrier} FOR EACH ROW BEGIN {pending}"
                + $" (OLD.lamport, OLD.site, OLD.node, OLD.parent, OLD.pos, 0) {Replace} END"),
            ($"{table}_tree_keep_update", $"BEFORE UPDATE ON {carrier} FOR EACH ROW WHEN {own} BEGIN {keep} END"),
            ($"{table}_tree_keep_delete", $"BEFORE DELETE ON {carrier} FOR EACH ROW WHEN {own} BEGIN {keep} END"),
        ];
        if (hasForeignKey)
        {
            texts.Add(($"{table}_tree_unpark", $"AFTER INSERT ON {on} FOR EACH ROW BEGIN INSERT INTO {Name(names.Dirty)}(key) SELECT c.key FROM {Name(names.Node)} AS c"
                + $" WHERE c.parked AND c.parent = (SELECT nid FROM {Name(names.Node)} WHERE key = +NEW.{names.Key}) ON CONFLICT DO NOTHING; END"));
            texts.Add(($"{table}_tree_park", $"AFTER DELETE ON {on} FOR EACH ROW BEGIN INSERT INTO {Name(names.Dirty)}(key) SELECT {names.Key} FROM {on}"
                + $" WHERE {names.Parent} = OLD.{names.Key} ON CONFLICT DO NOTHING; END"));
        }

        return texts;
    }

    /// <summary>A trigger's tables are those of its own database: they have no schema name.</summary>
    private static string Name(string qualified) => qualified["main.".Length..];

    private const string IsNew = "lamport = NEW.lamport AND site = NEW.site AND node = +NEW.node AND parent = +NEW.parent AND pos = +NEW.pos";

    private static string InLog(TreeNames names) =>
        $"SELECT 1 FROM {Name(names.Log)} WHERE lamport = NEW.lamport AND site = NEW.site AND nid = (SELECT nid FROM {Name(names.Node)} WHERE key = +NEW.node)"
        + $" AND parent = CASE WHEN +NEW.parent IS +NEW.node THEN 0 ELSE (SELECT nid FROM {Name(names.Node)} WHERE key = +NEW.parent) END AND pos = +NEW.pos";

    /// <summary>A row where the tree knows it in that place, as a query.</summary>
    private static string InPlace(TreeNames names, bool orParked)
    {
        string position = names.Position == null ? "n.pos IS NULL" : $"n.pos IS nullif(+NEW.{names.Position}, x'')";
        string parent = $"(SELECT key FROM {Name(names.Node)} AS p WHERE p.nid = n.parent) IS +NEW.{names.Parent}";
        string shown = orParked ? $"({parent} OR (n.parked AND NEW.{names.Parent} IS NULL))" : parent;
        return $"SELECT 1 FROM {Name(names.Node)} AS n WHERE n.key = +NEW.{names.Key} AND {position} AND {shown}";
    }

    private static string IsElsewhere(TreeNames names) =>
        $"EXISTS (SELECT 1 FROM {Name(names.Node)} WHERE key = +NEW.{names.Key}) AND NOT EXISTS ({InPlace(names, orParked: false)})";

    /// <summary>The row's place becomes an operation, one clock value above all that are believed.</summary>
    private static string Operation(TreeNames names)
    {
        string table = names.Registration.Table;
        string position = names.Position == null ? "x''" : $"coalesce(NEW.{names.Position}, x'')";
        return $"SELECT RAISE(ABORT, {Connection.Literal($"{table}: a row cannot be its own parent")}) WHERE NEW.{names.Parent} IS NEW.{names.Key};"
            + $" INSERT INTO {Name(names.Carrier)}(lamport, site, node, parent, pos) SELECT {NextLamport(Name(names.Carrier), Name(names.Log))},"
            + $" (SELECT site_id FROM cloudsync_site_id WHERE rowid = 0), NEW.{names.Key}, coalesce(NEW.{names.Parent}, NEW.{names.Key}), {position};";
    }

    /// <summary>The clock value of the next operation, as an expression.</summary>
    public static string NextLamport(string carrier, string log) =>
        $"1 + max(0, CAST(coalesce((SELECT max(lamport) FROM {carrier} WHERE lamport <= {Gap} + max(0, coalesce((SELECT max(lamport) FROM {log}), 0))), 0) AS INTEGER))";
}
