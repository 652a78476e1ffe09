using System.Globalization;
using Spectre.Console;

namespace ChunkSync.Samples.MainJob;

/// <summary>A part of an outline as an indented tree: what has children, and what is somewhere else in another state of it.</summary>
internal sealed class OutlineView
{
    private const int Lines = 30;
    private const int Depth = 6;
    private static readonly object Root = new();

    private readonly Dictionary<object, (object? Parent, string Title)> nodes = [];
    private readonly Dictionary<object, List<object>> children = [];

    private string mark = "";

    /// <summary>Reads the outline as it is now.</summary>
    public OutlineView(Replica replica, Outline outline)
    {
        string order = outline.Position == null ? Sql.Quote(outline.Key) : Sql.List([outline.Position, outline.Key]);
        foreach (object?[] row in Sql.Rows(replica.Connection,
            $"SELECT {Sql.List([outline.Key, outline.Parent, outline.Title])} FROM {Sql.Quote(outline.Table)} ORDER BY {order}"))
        {
            nodes[row[0]!] = (row[1], Convert.ToString(row[2], CultureInfo.InvariantCulture) ?? "");
            object parent = row[1] ?? Root;
            (children.TryGetValue(parent, out List<object>? under) ? under : children[parent] = []).Add(row[0]!);
        }
    }

    /// <summary>A node with much below it, and much above: the one with most folders among its children.</summary>
    public object? Middle => children.Where(pair => pair.Key != Root && nodes.ContainsKey(pair.Key))
        .OrderByDescending(pair => pair.Value.Count(children.ContainsKey)).ThenByDescending(pair => pair.Value.Count).FirstOrDefault().Key;

    /// <summary>Whether there is such a node.</summary>
    public bool Has(object node) => nodes.ContainsKey(node);

    /// <summary>Prints the way from the root to a node and what is below it.</summary>
    /// <param name="node">The node.</param>
    /// <param name="other">The other state.</param>
    /// <param name="elsewhere">What stands before the place in the other state.</param>
    public void Print(object node, OutlineView other, string elsewhere)
    {
        mark = elsewhere;
        List<object> way = [node];
        while (nodes[way[^1]].Parent is object above && nodes.ContainsKey(above))
        {
            way.Add(above);
        }

        way.Reverse();
        int left = Lines;
        for (int depth = 0; depth < way.Count; depth++)
        {
            Line(way[depth], depth, other, ref left);
        }

        Below(node, way.Count, way.Count + Depth, other, ref left);
        if (left < 0)
        {
            AnsiConsole.MarkupLineInterpolated($"  … ({-left:N0} more lines)");
        }
    }

    private void Below(object node, int depth, int deepest, OutlineView other, ref int left)
    {
        List<object> all = children.GetValueOrDefault(node) ?? [];
        List<object> shown = depth < deepest ? [.. all.Where(child => children.ContainsKey(child) && IsNamespace(child) || Moved(child, other))] : [];
        foreach (object child in shown)
        {
            Line(child, depth, other, ref left);
            Below(child, depth + 1, deepest, other, ref left);
        }

        if (shown.Count < all.Count && left-- > 0)
        {
            AnsiConsole.MarkupLineInterpolated($"{new string(' ', 2 * depth)}[grey]{(shown.Count == 0 ? "" : "and ")}{all.Count - shown.Count:N0} that stayed[/]");
        }
    }

    /// <summary>Types have children, too; an outline of the user's has no such difference.</summary>
    private static bool IsNamespace(object node) => node is not string text || !text.StartsWith("T:", StringComparison.Ordinal);

    private bool Moved(object node, OutlineView other) =>
        !other.nodes.TryGetValue(node, out (object? Parent, string Title) there) || !Equals(there.Parent, nodes[node].Parent);

    private void Line(object node, int depth, OutlineView other, ref int left)
    {
        if (left-- <= 0)
        {
            return;
        }

        string space = new(' ', 2 * depth);
        string title = Shorten(nodes[node].Title);
        if (Moved(node, other))
        {
            string place = !other.nodes.TryGetValue(node, out (object? Parent, string Title) there) ? "nowhere" : Shorten(there.Parent?.ToString() ?? "the root");
            AnsiConsole.MarkupLineInterpolated($"{space}[yellow]{title}[/]   [grey]{mark} {place}[/]");
        }
        else
        {
            AnsiConsole.MarkupLineInterpolated($"{space}{title}");
        }
    }

    private static string Shorten(string text)
    {
        const int Longest = 30;
        return text.Length <= Longest ? text : text[..(Longest - 1)] + "…";
    }
}
