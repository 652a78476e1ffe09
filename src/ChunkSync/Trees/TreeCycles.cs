using System.Text;
using ChunkSync.Frontier;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>Looks for rows that are above themselves, before a table becomes a tree.</summary>
internal static unsafe class TreeCycles
{
    /// <summary>Keys of a cycle that a message shows.</summary>
    private const int Shown = 10;

    /// <summary>A row of the walk that is under way.</summary>
    private const PlaceFlags OnTheWay = PlaceFlags.Rewound;

    /// <summary>A row of a walk that ended at the root.</summary>
    private const PlaceFlags Done = PlaceFlags.Folded;

    /// <summary>Goes up from every row, over each row once.</summary>
    /// <exception cref="EngineException">There is a cycle; the text names its rows.</exception>
    public static void Refuse(Connection connection, TreeTable tree)
    {
        using PlaceTable rows = new();
        Read(connection, tree, rows);
        for (long slot = 0; slot < rows.Slots; slot++)
        {
            long start = rows.At(slot).Node;
            if (start == 0)
            {
                continue;
            }

            long end = Walk(rows, start, PlaceFlags.None, OnTheWay);
            if (rows.Find(end) is var met && met != null && met->Has(OnTheWay))
            {
                throw Errors.BadArgument(TreeErrors.Init, $"table {tree.Name} has rows in a cycle: {Describe(tree, rows, end)};"
                    + " repair them, or pass '{\"cut_cycles\":true}'");
            }

            Walk(rows, start, OnTheWay, Done);
        }
    }

    private static void Read(Connection connection, TreeTable tree, PlaceTable rows)
    {
        TreeNames names = tree.Names;
        using Statement read = connection.Prepare($"SELECT {names.Key}, {names.Parent} FROM {names.Table} WHERE {names.Parent} IS NOT NULL");
        while (read.Step())
        {
            long node = tree.Store.Keys.Number(read.ColumnValue(0));
            long parent = tree.Store.Keys.Number(read.ColumnValue(1));
            rows.Add(node)->Place = new TreePlace(parent, TreePosition.Null);
        }
    }

    /// <summary>Goes up over rows with some flags and gives them others.</summary>
    /// <returns>The first row without them; the root or a key without a row at the end.</returns>
    private static long Walk(PlaceTable rows, long from, PlaceFlags has, PlaceFlags gets)
    {
        long node = from;
        while (rows.Find(node) is var entry && entry != null && entry->Flags == has)
        {
            entry->Flags = gets;
            node = entry->Place.Parent;
        }

        return node;
    }

    private static string Describe(TreeTable tree, PlaceTable rows, long start)
    {
        StringBuilder text = new(tree.Rows.Describe(start));
        long node = start;
        for (int i = 0; i < Shown; i++)
        {
            node = rows.Find(node)->Place.Parent;
            text.Append(" under ").Append(tree.Rows.Describe(node));
            if (node == start)
            {
                return text.ToString();
            }
        }

        return text.Append(" under …").ToString();
    }
}
