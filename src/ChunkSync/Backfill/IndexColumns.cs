using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>The key of an index: its own columns, then the rowid or the primary key that SQLite appends.</summary>
internal static class IndexColumns
{
    private const int RowIdColumn = -1;
    private const int ExpressionColumn = -2;

    /// <exception cref="EngineException">A collation is missing, or the text of an expression cannot be read.</exception>
    public static List<KeyColumn> Read(Connection connection, TableFacts table, IndexFacts index)
    {
        List<KeyColumn> columns = [];
        List<string>? terms = null;
        using Statement info = connection.Prepare("SELECT seqno, cid, name, \"desc\", coll, key FROM pragma_index_xinfo(?1, ?2) ORDER BY seqno");
        info.Bind(1, index.Name).Bind(2, table.Schema);
        int own = 0;
        while (info.Step())
        {
            bool isOwn = info.Int64(5) != 0;
            own += isOwn ? 1 : 0;

            // Behind the key of a WITHOUT ROWID table's own index come its other columns.
            if (!isOwn && table.RowId == null && index.Origin == "pk")
            {
                break;
            }

            int place = (int)info.Int64(1);
            string collation = info.String(4);
            bool isDescending = info.Int64(3) != 0;
            if (place == RowIdColumn)
            {
                columns.Add(new(table.RowId!, table.RowId!, "BINARY") { IsNotNull = true, IsDescending = isDescending, IsTieBreak = !isOwn });
                break;
            }

            CheckCollation(connection, index.Name, collation);
            if (place == ExpressionColumn)
            {
                terms ??= Terms(index, CountOwn(connection, table, index));
                string term = terms[(int)info.Int64(0)];
                columns.Add(new(term, "(" + term + ")", collation) { IsExpression = true, NeedsCollate = true, IsDescending = isDescending });
                continue;
            }

            TableFacts.Column column = table.Columns.First(column => column.Name == info.String(2));
            string declared = connection.CollationOf(table.Schema, table.Name, column.Name) ?? "";
            columns.Add(new(column.Name, Connection.Quote(column.Name), collation)
            {
                IsDescending = isDescending,
                IsNotNull = column.IsNotNull,
                IsText = column.IsText,
                IsTieBreak = !isOwn,
                NeedsCollate = !collation.Equals(declared, StringComparison.OrdinalIgnoreCase),
            });
        }

        for (int i = 0; i < columns.Count; i++)
        {
            KeyColumn column = columns[i];
            List<KeyColumn> same = columns.GetRange(0, i).FindAll(earlier => earlier.Sql == column.Sql);
            bool isRepeated = same.Exists(earlier => earlier.Collation.Equals(column.Collation, StringComparison.OrdinalIgnoreCase));
            columns[i] = column with { IsSameTerm = same.Count > 0, IsRepeated = isRepeated };
        }

        return columns;
    }

    /// <summary>The failure of a text that SQLite does not recognise as a term of the index.</summary>
    public static EngineException Unreadable(string index, string text) => PlanFailure.Of($"cannot read the terms of index {index}: {text}");

    private static int CountOwn(Connection connection, TableFacts table, IndexFacts index)
    {
        using Statement count = connection.Prepare("SELECT count(*) FROM pragma_index_xinfo(?1, ?2) WHERE key");
        return count.Bind(1, index.Name).Bind(2, table.Schema).Step() ? (int)count.Int64(0) : 0;
    }

    private static List<string> Terms(IndexFacts index, int count)
    {
        List<string>? terms = IndexTerms.Read(index.Sql);
        return terms != null && terms.Count == count ? terms : throw Unreadable(index.Name, index.Sql);
    }

    private static void CheckCollation(Connection connection, string index, string collation)
    {
        using Statement probe = connection.Prepare("SELECT 'a' < 'b' COLLATE " + Connection.Quote(collation));
        try
        {
            _ = probe.Handle;
        }
        catch (EngineException failure) when (ResultCode.Primary(failure.Code) == ResultCode.Error)
        {
            throw PlanFailure.Of($"index {index} needs collation {collation}, which this connection does not have");
        }
    }
}
