using Microsoft.Data.Sqlite;

namespace ChunkSync.Samples.MainJob;

/// <summary>A table whose rows name the row above them.</summary>
/// <param name="Table">The table.</param>
/// <param name="Key">Its key column.</param>
/// <param name="Parent">The column with the key of the row above, NULL at the root.</param>
/// <param name="Position">The column that orders the children, or null.</param>
/// <param name="Title">What a row is shown by.</param>
internal sealed record Outline(string Table, string Key, string Parent, string? Position, string Title)
{
    /// <summary>Where things go that are thrown away.</summary>
    public const string Trash = "trash";

    /// <summary>The namespaces, types and members of the .NET API documentation.</summary>
    public static Outline Documentation { get; } = new("outline", "id", "parent_id", "pos", "title");

    /// <summary>A table of the user's.</summary>
    /// <exception cref="ArgumentException">It has no such column, or no key of one column.</exception>
    public static Outline Of(SqliteConnection connection, string table, string parent)
    {
        List<object?[]> columns = Sql.Rows(connection, "SELECT name, pk, type FROM pragma_table_info($t)", ("$t", table));
        string[] key = [.. columns.Where(column => (long)column[1]! > 0).Select(column => (string)column[0]!)];
        if (key.Length != 1 || !columns.Exists(column => (string)column[0]! == parent))
        {
            throw new ArgumentException(columns.Count == 0 ? "there is no table " + table
                : key.Length != 1 ? $"the key of {table} is not one column" : $"table {table} has no column {parent}");
        }

        object?[]? title = columns.Find(column => (long)column[1]! == 0 && (string)column[0]! != parent
            && ((string)column[2]!).Contains("CHAR", StringComparison.OrdinalIgnoreCase) | ((string)column[2]!).Contains("TEXT", StringComparison.OrdinalIgnoreCase));
        return new Outline(table, key[0], parent, null, (string)(title?[0] ?? key[0]));
    }

    /// <summary>Makes the documentation's table, tracked, and fills it.</summary>
    /// <param name="most">At most so many members.</param>
    public static void Import(SqliteConnection connection, int most)
    {
        Sql.Run(connection, "CREATE TABLE outline(id TEXT PRIMARY KEY NOT NULL, parent_id TEXT, pos TEXT, title TEXT); SELECT cloudsync_init('outline')");
        Dictionary<string, (string? Parent, string Title)> nodes = [];
        List<(string Id, string File, string Kind, string Summary, string Xml)> members = [];
        foreach (string file in DocumentationFiles.Find())
        {
            DocumentationFiles.Read("", File.ReadAllText(file), members);
        }

        string[] ids = [.. members.Select(member => member.Id[1..]).Where(id => id.Length > 2 && id[1] == ':').Distinct().Take(most)];
        HashSet<string> types = [.. ids.Where(id => id[0] == 'T').Select(id => id[2..])];
        foreach (string id in ids)
        {
            string name = id[2..];
            int end = name.IndexOfAny(['(', '~']);
            int dot = name.LastIndexOf('.', (end < 0 ? name.Length : end) - 1);
            string? above = dot > 0 ? name[..dot] : null;
            nodes[id] = (id[0] == 'T' ? Above(above, types) : above == null ? null : "T:" + above, dot > 0 ? name[(dot + 1)..] : name);
        }

        foreach (string? parent in nodes.Values.Select(node => node.Parent).Distinct().ToArray())
        {
            AddAbove(parent, nodes, types);
        }

        nodes["trash"] = (null, "Trash");
        Insert(connection, nodes);
    }

    /// <summary>The type or namespace that a name is in.</summary>
    private static string? Above(string? name, HashSet<string> types) => name == null ? null : types.Contains(name) ? "T:" + name : "N:" + name;

    private static void AddAbove(string? id, Dictionary<string, (string? Parent, string Title)> nodes, HashSet<string> types)
    {
        while (id != null && !nodes.ContainsKey(id))
        {
            string name = id[2..];
            int dot = name.LastIndexOf('.');
            string? above = Above(dot > 0 ? name[..dot] : null, types);
            nodes[id] = (above, dot > 0 ? name[(dot + 1)..] : name);
            id = above;
        }
    }

    /// <summary>Children in the order of their titles; positions that leave room are made by counting.</summary>
    private static void Insert(SqliteConnection connection, Dictionary<string, (string? Parent, string Title)> nodes)
    {
        using SqliteTransaction transaction = connection.BeginTransaction();
        using SqliteCommand insert = Sql.Command(connection, "INSERT INTO outline VALUES ($id, $parent, $pos, $title)");
        using SqliteCommand next = Sql.Command(connection, "SELECT cloudsync_tree_between($last, NULL)");
        SqliteParameter last = next.Parameters.Add("$last", SqliteType.Text);
        SqliteParameter[] values = [.. ((string[])["$id", "$parent", "$pos", "$title"]).Select(name => insert.Parameters.Add(name, SqliteType.Text))];
        foreach (IGrouping<string?, KeyValuePair<string, (string? Parent, string Title)>> children in nodes.GroupBy(node => node.Value.Parent))
        {
            object position = DBNull.Value;
            foreach ((string id, (string? parent, string title)) in children.OrderBy(child => child.Value.Title, StringComparer.Ordinal))
            {
                last.Value = position;
                position = next.ExecuteScalar()!;
                (values[0].Value, values[1].Value, values[2].Value, values[3].Value) = (id, (object?)parent ?? DBNull.Value, position, title);
                insert.ExecuteNonQuery();
            }
        }

        transaction.Commit();
    }
}
