using System.Text;
using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>The order that a plan follows: the storage order of a table, or an index of it, as SQLite describes them.</summary>
internal sealed class PlanKey
{
    /// <summary>The first column of which this version of SQLite misreads a range that it walks backwards: it has to sort the range.</summary>
    private int firstMisread = int.MaxValue;

    private PlanKey(string schema, string table, string? index, string source, IReadOnlyList<KeyColumn> columns)
    {
        Schema = schema;
        Table = table;
        Index = index;
        Source = source;
        Columns = columns;
    }

    /// <summary>The database: main, temp or an attached name.</summary>
    public string Schema { get; }

    /// <summary>The table's name as it is stored.</summary>
    public string Table { get; }

    /// <summary>The index's name as it is stored; null for storage order.</summary>
    public string? Index { get; }

    /// <summary>Text for FROM.</summary>
    public string Source { get; }

    /// <summary>The key: the order's columns, then what makes it unique.</summary>
    public IReadOnlyList<KeyColumn> Columns { get; }

    /// <summary>How the rowid is written; null for a WITHOUT ROWID table.</summary>
    public required string? RowId { get; init; }

    /// <summary>The table's stored columns.</summary>
    public required IReadOnlyList<string> StoredColumns { get; init; }

    /// <summary>Hash of the texts of the table and its indexes, and of the encoding: cuts are valid as long as it stays.</summary>
    public required ulong SchemaHash { get; init; }

    /// <summary>The texts of the table and of the index that is followed.</summary>
    public required string Sql { get; init; }

    /// <summary>Whether ANALYZE has run on the database.</summary>
    public required bool HasStatistics { get; init; }

    /// <summary>The encoding of the database's texts.</summary>
    public required Encoding Encoding { get; init; }

    /// <summary>SQLite's number of it. A blob that is bound and cast to TEXT is read as UTF-8, whatever the database's encoding.</summary>
    public byte EncodingNumber => Encoding is UTF8Encoding ? (byte)1 : Encoding.WebName == "utf-16BE" ? (byte)3 : (byte)2;

    /// <summary>The quoted table with its database.</summary>
    public string QuotedTable => Connection.Quote(Schema) + "." + Connection.Quote(Table);

    /// <summary>How a column is pinned to a value. Where the key has expressions it is IS: SQLite puts the value of a column that is pinned
    /// with = into expressions of it, and finds them in no index then.</summary>
    public string Pins => HasExpressions ? " IS " : " = ";

    /// <summary>Whether a column of the key is an expression.</summary>
    public bool HasExpressions => Columns.Any(column => column.IsExpression);

    /// <summary>The columns for SELECT.</summary>
    public string Selected() => string.Join(", ", Columns.Select(column => column.Sql));

    /// <summary>An ORDER BY clause for the rows of a range. Columns that the range pins are left out: SQLite does not see of an expression that
    /// it is constant, and would sort. It would also sort for what is behind a column that is there twice: the clause ends before it, and says
    /// only in which direction the index is walked.</summary>
    /// <param name="range">The range.</param>
    /// <param name="reverse">Whether the order is walked backwards.</param>
    public string OrderBy(RangeTerm[] range, bool reverse)
    {
        int pinned = range.Count(term => term.Test is RangeTest.Equal or RangeTest.IsNull);
        List<KeyColumn> free = [.. Columns.Skip(pinned).SkipWhile(column => column.IsRepeated)];
        int again = free.FindIndex(Math.Min(1, free.Count), column => column.IsSameTerm);
        free = free.Count > 0 && free[0].IsSameTerm ? free[..1] : again < 0 ? free : free[..again];
        string sorted = reverse && pinned >= firstMisread && range.Length > pinned ? "+" : "";
        return free.Count == 0 ? "" : " ORDER BY " + string.Join(", ", free.Select(column => sorted + column.Ordered(reverse)));
    }

    /// <summary>Reads the table and the index.</summary>
    /// <exception cref="EngineException">It is no table, there is no such index, or its order cannot be followed.</exception>
    public static PlanKey Read(Connection connection, string schema, string table, string? index, PlanStatements statements)
    {
        TableFacts facts = TableFacts.Read(connection, schema, table);
        IndexFacts? followed = index == null ? facts.PrimaryIndex : facts.Index(index);
        List<KeyColumn> columns = followed == null
            ? [new KeyColumn(facts.RowId!, facts.RowId!, "BINARY") { IsNotNull = true }]
            : IndexColumns.Read(connection, facts, followed);
        string quoted = Connection.Quote(facts.Schema) + "." + Connection.Quote(facts.Name);

        // Of a WITHOUT ROWID table, SQLite takes NOT INDEXED for leave to use any of its indexes.
        bool isNamed = index != null || (followed != null && facts.Indexes.Count > 1);
        string source = quoted + (isNamed ? " INDEXED BY " + Connection.Quote(followed!.Name) : " NOT INDEXED");
        PlanKey key = new(facts.Schema, facts.Name, index == null ? null : followed!.Name, source, columns)
        {
            RowId = facts.RowId,
            StoredColumns = facts.StoredColumns,
            SchemaHash = facts.Hash(),
            Sql = facts.Sql + "\0" + followed?.Sql,
            HasStatistics = facts.HasStatistics,
            Encoding = facts.Encoding,
        };
        key.CheckExpressions(statements);
        key.CheckDescending(connection);
        key.CheckBackwards(connection);
        return key;
    }

    /// <summary>The end of a line of EXPLAIN QUERY PLAN for a search with these terms.</summary>
    public string ExplainedTerms(IReadOnlyCollection<RangeTerm> terms)
    {
        IEnumerable<string> shown = terms.Select(term => Columns[term.Column].ExplainedName + term.Test switch
        {
            RangeTest.Equal or RangeTest.IsNull => "=?",
            RangeTest.Less or RangeTest.LessOrEqual => "<?",
            _ => ">?",
        });
        bool isPinned = terms.All(term => term.Test is RangeTest.Equal or RangeTest.IsNull);

        // What is pinned is so for the column's second place, too.
        IEnumerable<KeyColumn> again = isPinned ? Columns.Skip(terms.Count).TakeWhile(column => column.IsRepeated) : [];
        return "(" + string.Join(" AND ", shown.Concat(again.Select(column => column.ExplainedName + "=?"))) + ")";
    }

    /// <summary>Older versions of SQLite (3.35 does, 3.40 does not) take a descending column of the primary key that a WITHOUT ROWID table's
    /// index has appended for an ascending one, and leave out rows of a range over it. A right seek to <c>column &lt; ?</c> starts at that
    /// value, so its key has one field more than there are pinned columns.</summary>
    private void CheckDescending(Connection connection)
    {
        int column = Columns.ToList().FindIndex(appended => appended.IsTieBreak && appended.IsDescending);
        if (column < 0)
        {
            return;
        }

        if (!SeeksTo(connection, column, ""))
        {
            throw PlanFailure.Of($"this version of SQLite leaves out rows when it searches index {Index} for column "
                + $"{Columns[column].Name} of the primary key, which is descending: name another index, or none");
        }
    }

    /// <summary>Older versions of SQLite (3.35 does, 3.40 does not) take the begin for the end of a range that they walk backwards, when it is
    /// over the second or a later column that a WITHOUT ROWID table's index has appended.</summary>
    private void CheckBackwards(Connection connection)
    {
        int column = Columns.ToList().FindIndex(appended => appended.IsTieBreak) + 1;
        if (RowId == null && column > 0 && column < Columns.Count
            && !SeeksTo(connection, column, $" ORDER BY {Columns[column].Compared} DESC"))
        {
            firstMisread = column;
        }
    }

    /// <summary>Whether <c>column &lt; ?</c>, with the columns before it pinned, starts at that value.</summary>
    private bool SeeksTo(Connection connection, int column, string order)
    {
        const int Opcode = 1;
        const int FieldsOfKey = 5;
        string pinned = string.Concat(Columns.Take(column).Select(before => before.Compared + Pins + "? AND "));
        using Statement program = connection.Prepare($"EXPLAIN SELECT 1 FROM {Source} WHERE {pinned}{Columns[column].Compared} < ?{order}");
        bool seeks = true;
        while (program.Step())
        {
            seeks &= !program.String(Opcode).StartsWith("Seek", StringComparison.Ordinal) || program.Int64(FieldsOfKey) > column;
        }

        return seeks;
    }

    /// <summary>The text of a term is right if SQLite searches this index for it, with the terms before it pinned.</summary>
    private void CheckExpressions(PlanStatements statements)
    {
        List<RangeTerm> pinned = [];
        for (int i = 0; i < Columns.Count; i++)
        {
            pinned.Add(new(i, RangeTest.Equal, false));
            if (!Columns[i].IsExpression)
            {
                continue;
            }

            string where = string.Join(" AND ", pinned.Select(term => Columns[term.Column].Compared + Pins + "?"));
            List<string> steps;
            try
            {
                steps = statements.Explain($"SELECT 1 FROM {Source} WHERE {where}");
            }
            catch (EngineException failure) when (ResultCode.Primary(failure.Code) == ResultCode.Error)
            {
                throw IndexColumns.Unreadable(Index!, Columns[i].Name);
            }

            if (steps.Count != 1 || !steps[0].StartsWith("SEARCH", StringComparison.Ordinal)
                || !steps[0].Contains(ExplainedTerms(pinned)[..^1], StringComparison.Ordinal))
            {
                throw IndexColumns.Unreadable(Index!, Columns[i].Name);
            }
        }
    }
}
