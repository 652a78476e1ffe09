using ChunkSync.Catalog;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>The tables of a tree: the log of operations, which travels, and those beside it, which do not.</summary>
internal static class TreeTables
{
    /// <summary>The columns of the log of operations: name, type, whether NOT NULL, place in the key. They are part of the schema hash.</summary>
    private const string CarrierColumns = "lamport INTEGER 1 1,site BLOB 1 2,node  1 3,parent  1 4,pos  1 5";

    /// <summary>Creates the log of operations where it is missing.</summary>
    /// <exception cref="EngineException">There is a table of that name with other columns.</exception>
    public static void CreateCarrier(Connection connection, TreeRegistration tree)
    {
        connection.Execute($"CREATE TABLE IF NOT EXISTS main.{Connection.Quote(tree.Carrier)}(lamport INTEGER NOT NULL, site BLOB NOT NULL,"
            + " node NOT NULL, parent NOT NULL, pos NOT NULL, PRIMARY KEY(lamport, site, node, parent, pos)) WITHOUT ROWID");
        using Statement columns = connection.Prepare(
            "SELECT group_concat(name || ' ' || type || ' ' || \"notnull\" || ' ' || pk, ',') FROM (SELECT * FROM pragma_table_info(?1, 'main') ORDER BY cid)");
        columns.Bind(1, tree.Carrier);
        columns.Step();
        if (columns.String(0) != CarrierColumns)
        {
            throw Errors.BadArgument(TreeErrors.Init, $"{tree.Carrier} exists and is not an operation log");
        }
    }

    /// <summary>Creates the tables beside it where they are missing.</summary>
    public static void Create(Connection connection, TreeNames names)
    {
        TreeRegistration tree = names.Registration;
        connection.Execute($"CREATE TABLE IF NOT EXISTS {names.Node}(nid INTEGER PRIMARY KEY, key UNIQUE, parent DEFAULT 0, pos, was_parent DEFAULT 0,"
            + " parked DEFAULT 0)");
        connection.Execute($"CREATE INDEX IF NOT EXISTS main.{Connection.Quote(tree.Table + "_tree_parked")} ON {Connection.Quote(tree.NodeTable)}(parent) WHERE parked");
        connection.Execute($"CREATE TABLE IF NOT EXISTS {names.Log}(lamport INTEGER NOT NULL, site BLOB NOT NULL, nid INTEGER NOT NULL, parent INTEGER NOT NULL,"
            + " pos NOT NULL, old_parent INTEGER, old_pos, effective INTEGER, PRIMARY KEY(lamport, site, nid, parent, pos)) WITHOUT ROWID");
        connection.Execute($"CREATE INDEX IF NOT EXISTS main.{Connection.Quote(tree.Table + "_tree_log_node")} ON {Connection.Quote(tree.LogTable)}(nid, lamport, site)");
        connection.Execute($"CREATE TABLE IF NOT EXISTS {names.Pending}(lamport, site, node, parent, pos, present, PRIMARY KEY(lamport, site, node, parent, pos))"
            + " WITHOUT ROWID");
        connection.Execute($"CREATE TABLE IF NOT EXISTS {names.Dirty}(key PRIMARY KEY, pk, reason, text, needs_pk, tries, since, last_try)"
            + " WITHOUT ROWID");
    }

    /// <summary>Creates the index that finds the children of a row in order.</summary>
    public static void CreateIndex(Connection connection, TreeNames names)
    {
        string columns = names.Position == null ? $"{names.Parent}, {names.Key}" : $"{names.Parent}, {names.Position}, {names.Key}";
        connection.Execute($"CREATE INDEX IF NOT EXISTS {names.ChildrenIndex} ON {Connection.Quote(names.Registration.Table)}({columns})");
    }

    /// <summary>Drops the tables beside it, and the index.</summary>
    public static void Drop(Connection connection, TreeRegistration tree)
    {
        foreach (string table in tree.LocalTables)
        {
            connection.Execute("DROP TABLE IF EXISTS main." + Connection.Quote(table));
        }

        connection.Execute("DROP INDEX IF EXISTS main." + Connection.Quote(tree.Table + "_tree_children"));
    }

    /// <summary>Drops the log of operations.</summary>
    public static void DropCarrier(Connection connection, TreeRegistration tree) =>
        connection.Execute("DROP TABLE IF EXISTS main." + Connection.Quote(tree.Carrier));
}
