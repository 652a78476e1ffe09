using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>What the input <c>source</c> names: a table or view, or a query in parentheses.</summary>
internal sealed class SourceName
{
    private SourceName(string shown, string from)
    {
        Shown = shown;
        From = from;
    }

    /// <summary>The name as messages show it.</summary>
    public string Shown { get; }

    /// <summary>The text behind FROM.</summary>
    public string From { get; }

    /// <summary>The schema of a table or view; null for a query.</summary>
    public string? Schema { get; private init; }

    /// <summary>The name of a table or view; null for a query.</summary>
    public string? Table { get; private init; }

    /// <summary>Whether it is an ordinary table, which may have a rowid.</summary>
    public bool IsOrdinaryTable { get; private init; }

    /// <summary>Finds what a text names. The whole text is tried as a name first, so that names may have dots.</summary>
    /// <exception cref="ProbeException">There is no such table or view.</exception>
    public static SourceName Find(Connection connection, string text)
    {
        string trimmed = text.Trim();
        if (trimmed.StartsWith('('))
        {
            return QueryText.IsParenthesised(trimmed)
                ? new SourceName(trimmed, trimmed)
                : throw new ProbeException("source: a query must be in parentheses");
        }

        List<string> schemas = Schemas(connection);
        foreach ((string? schema, string name) in QueryText.Names(text))
        {
            foreach (string candidate in schemas)
            {
                bool wanted = schema == null || candidate.Equals(schema, StringComparison.OrdinalIgnoreCase);
                if (wanted && TryFind(connection, candidate, name) is SourceName found)
                {
                    return found;
                }
            }
        }

        bool isQuery = trimmed.StartsWith("SELECT", StringComparison.OrdinalIgnoreCase)
            || trimmed.StartsWith("WITH", StringComparison.OrdinalIgnoreCase)
            || trimmed.StartsWith("VALUES", StringComparison.OrdinalIgnoreCase);
        throw new ProbeException(isQuery ? "source: a query must be in parentheses" : "source: no such table or view: " + text);
    }

    /// <summary>The schemas in the order in which SQLite looks for a table: temp, main, attached ones.</summary>
    private static List<string> Schemas(Connection connection)
    {
        using Statement list = connection.Prepare("SELECT name FROM pragma_database_list ORDER BY name <> 'temp', seq");
        List<string> names = [];
        while (list.Step())
        {
            names.Add(list.String(0));
        }

        return names;
    }

    private static SourceName? TryFind(Connection connection, string schema, string name)
    {
        string master = schema == "temp" ? "temp.sqlite_temp_master" : Connection.Quote(schema) + ".sqlite_master";
        using Statement find = connection.Prepare(
            $"SELECT name, type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL %' FROM {master}"
            + " WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE");
        find.Bind(1, name);
        if (!find.Step())
        {
            return null;
        }

        string table = find.String(0);
        return new SourceName(name, Connection.Quote(schema) + "." + Connection.Quote(table))
        {
            Schema = schema,
            Table = table,
            IsOrdinaryTable = find.Int64(1) != 0,
        };
    }
}
