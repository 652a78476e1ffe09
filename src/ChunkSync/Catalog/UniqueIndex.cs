using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>A unique index of a tracked table, through which REPLACE can remove a row with another key than the new one's.</summary>
internal sealed class UniqueIndex
{
    /// <summary>A column of the table. The default is that of a NOT NULL column, which REPLACE takes for NULL; the expression is that of a
    /// generated column.</summary>
    private sealed record Column(string Name, string? Default, string? Expression);

    /// <summary>What is indexed: a column, or the text of an expression.</summary>
    private sealed record Part(string Text, string Collation, Column? Column)
    {
        /// <summary>Whether a new row's value is a value that it is given.</summary>
        public bool IsPlain => Column is { Expression: null };
    }

    private readonly TrackedTable table;
    private readonly List<Column> all;
    private readonly List<Part> parts;
    private readonly string? predicate;

    private UniqueIndex(TrackedTable table, List<Column> all, List<Part> parts, string? predicate)
    {
        this.table = table;
        this.all = all;
        this.parts = parts;
        this.predicate = predicate;
        IEnumerable<string> plain = parts.Where(part => part.IsPlain).Select(part => part.Column!.Name);
        IEnumerable<string> computed = parts.Where(part => !part.IsPlain).SelectMany(part => Sources(part.Text)).Select(column => column.Name);
        Columns = [.. plain.Concat(computed).Distinct()];
        Watched = [.. Columns.Concat(Sources(predicate ?? "").Select(column => column.Name)).Distinct()];
    }

    /// <summary>The columns of a new row whose values tell which rows are in its place; no generated ones.</summary>
    public List<string> Columns { get; }

    /// <summary>The columns whose change can bring a row into another's place: those of the WHERE as well.</summary>
    public List<string> Watched { get; }

    /// <summary>Columns that are indexed as they are: NULL in one of them conflicts with nothing.</summary>
    public IEnumerable<string> NullableColumns =>
        parts.Where(part => part.IsPlain && part.Column!.Default == null).Select(part => part.Column!.Name);

    /// <summary>Whether the key is the rowid.</summary>
    public static bool HasIntegerKey(TrackedTable table) => table.KeyColumns.Length == 1 && table.RowIdName != null
        && table.KeyColumns[0].DeclaredType.Equals("INTEGER", StringComparison.OrdinalIgnoreCase);

    /// <summary>The unique indexes of a table that can remove a row of another key.</summary>
    /// <exception cref="EngineException">The text of an index cannot be read.</exception>
    public static List<UniqueIndex> Read(Connection connection, TrackedTable table)
    {
        using Statement list = connection.Prepare(
            "SELECT l.name, m.sql, l.origin = 'pk' FROM pragma_index_list(?1, 'main') AS l"
            + " LEFT JOIN main.sqlite_master AS m ON m.type = 'index' AND m.name = l.name WHERE l.\"unique\" ORDER BY l.seq DESC");
        list.Bind(1, table.Name);
        List<UniqueIndex> indexes = [];
        List<Column>? columns = null;
        while (list.Step())
        {
            columns ??= ReadColumns(connection, table.Name);
            if (Read(connection, table, columns, list.String(0), list.IsNull(1) ? null : list.String(1), list.Int64(2) != 0) is UniqueIndex index)
            {
                indexes.Add(index);
            }
        }

        return indexes;
    }

    /// <summary>The condition for a row that is in the index in the place of a new one. The new row's values are parameters, in the order of
    /// <see cref="Columns"/>.</summary>
    public string Condition()
    {
        IEnumerable<string> conditions = parts.Select(part =>
        {
            string value = part.IsPlain ? Given(part.Column!) : $"(SELECT {part.Text} FROM {Source(part.Text)})";
            return $"({part.Text}) = {value} COLLATE {Connection.Quote(part.Collation)}";
        });
        return string.Join(" AND ", predicate == null ? conditions : conditions.Append($"({predicate})"));
    }

    /// <summary>The condition for the row that keeps a new one out of the index: <see cref="Condition"/>, and the new row is in the index
    /// itself. Its values are parameters, in the order of <see cref="Watched"/>.</summary>
    public string HolderCondition() =>
        predicate == null ? Condition() : $"{Condition()} AND (SELECT ({predicate}) FROM {Source(predicate)})";

    /// <summary><see cref="Columns"/> are the first ones of <see cref="Watched"/>.</summary>
    private string Parameter(Column column) => "?" + (Watched.IndexOf(column.Name) + 1);

    /// <summary>The value that a new row will have in a column.</summary>
    private string Given(Column column) => column.Default == null ? Parameter(column) : $"ifnull({Parameter(column)}, {column.Default})";

    /// <summary>The new row, as far as an expression needs it. Its columns have the table's affinities and collations: those of a first
    /// SELECT without rows. Generated columns are computed on top of it, each after those that it names.</summary>
    private string Source(string expression)
    {
        List<Column> given = Sources(expression);
        string source = given.Count == 0 ? "(SELECT 1)"
            : $"(SELECT {string.Join(", ", given.Select(column => Connection.Quote(column.Name)))} FROM {table.Quoted} WHERE 0"
                + $" UNION ALL SELECT {string.Join(", ", given.Select(Given))})";
        return Named(expression).Where(column => column.Expression != null)
            .Aggregate(source, (inner, column) => $"(SELECT *, ({column.Expression}) AS {Connection.Quote(column.Name)} FROM {inner})");
    }

    /// <summary>The columns with given values that an expression depends on.</summary>
    private List<Column> Sources(string expression) => Named(expression).FindAll(column => column.Expression == null);

    /// <summary>All columns that an expression depends on, each behind those that it depends on itself.</summary>
    private List<Column> Named(string expression)
    {
        List<Column> named = [];
        AddNamed(expression, named, all.Count);
        return named;
    }

    private void AddNamed(string expression, List<Column> named, int depth)
    {
        HashSet<string> words = SqlTokenizer.Tokens(expression).Select(token => token.Identifier(expression)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (Column column in all.Where(column => words.Contains(column.Name) && !named.Contains(column)))
        {
            if (column.Expression != null && depth > 0)
            {
                AddNamed(column.Expression, named, depth - 1);
            }

            if (!named.Contains(column))
            {
                named.Add(column);
            }
        }
    }

    private static UniqueIndex? Read(Connection connection, TrackedTable table, List<Column> columns, string name, string? sql, bool isKey)
    {
        IndexText? text = sql == null ? null : IndexText.Parse(sql);
        using Statement info = connection.Prepare("SELECT cid, name, coll FROM pragma_index_xinfo(?1, 'main') WHERE key ORDER BY seqno");
        info.Bind(1, name);
        List<Part> parts = [];
        while (info.Step())
        {
            Column? column = info.IsNull(1) ? null : columns.Find(candidate => candidate.Name == info.String(1));
            string part = column != null ? Connection.Quote(column.Name)
                : text != null && parts.Count < text.Parts.Count ? text.Parts[parts.Count]
                : throw Errors.Refused($"the unique index {name} of table {table.Name} cannot be read");
            parts.Add(new Part(part, info.String(2), column));
        }

        // Equal keys are found by their clocks, unless their collation is the host's. And equal values in all columns of the key, and more, are the
        // same row.
        bool isSearched = isKey && parts.TrueForAll(part => part.Collation is "BINARY" or "NOCASE" or "RTRIM");
        bool coversKey = table.KeyColumns.All(key => parts.Exists(part => part.Column?.Name == key.Name && part.Collation == "BINARY"));
        return isSearched || coversKey ? null : new UniqueIndex(table, columns, parts, text?.Predicate);
    }

    private static List<Column> ReadColumns(Connection connection, string table)
    {
        using Statement info = connection.Prepare(
            "SELECT c.name, CASE WHEN c.\"notnull\" THEN c.dflt_value END, c.hidden, t.sql FROM main.sqlite_master AS t"
            + " JOIN pragma_table_xinfo(t.name, 'main') AS c WHERE t.type = 'table' AND t.name = ?1 COLLATE NOCASE ORDER BY c.cid");
        info.Bind(1, table);
        List<Column> columns = [];
        Dictionary<string, string>? expressions = null;
        while (info.Step())
        {
            string? expression = null;
            if (info.Int64(2) != 0)
            {
                expressions ??= GeneratedColumns.Parse(info.String(3));
                expression = expressions.TryGetValue(info.String(0), out string? found) ? found
                    : throw Errors.Refused($"the generated column {info.String(0)} of table {table} cannot be read");
            }

            columns.Add(new Column(info.String(0), info.IsNull(1) ? null : ColumnDefault.Expression(info.String(1)), expression));
        }

        return columns;
    }
}
