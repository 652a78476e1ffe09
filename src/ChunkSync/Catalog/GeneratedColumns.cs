namespace ChunkSync.Catalog;

/// <summary>The expressions of a table's generated columns, from its CREATE TABLE statement: no pragma shows them, and a BEFORE UPDATE trigger
/// sees NULL in the columns.</summary>
internal static class GeneratedColumns
{
    /// <summary>Expressions by column name.</summary>
    public static Dictionary<string, string> Parse(string createTable)
    {
        Dictionary<string, string> expressions = new(StringComparer.OrdinalIgnoreCase);
        List<SqlToken> tokens = SqlTokenizer.Tokens(createTable);
        int depth = 0;
        int definition = -1;
        for (int i = 0; i < tokens.Count; i++)
        {
            bool opens = tokens[i].Is(createTable, '(');
            depth += opens ? 1 : tokens[i].Is(createTable, ')') ? -1 : 0;
            if (depth == 1 && (definition < 0 || tokens[i].Is(createTable, ',')))
            {
                definition = i + 1;
            }
            else if (depth == 2 && opens && i > definition && tokens[i - 1].Is(createTable, "AS"))
            {
                expressions.TryAdd(tokens[definition].Identifier(createTable), Inside(createTable, tokens, i));
            }
        }

        return expressions;
    }

    /// <summary>The text between a parenthesis and the one that closes it.</summary>
    private static string Inside(string sql, List<SqlToken> tokens, int open)
    {
        int depth = 0;
        for (int i = open; i < tokens.Count; i++)
        {
            depth += tokens[i].Is(sql, '(') ? 1 : tokens[i].Is(sql, ')') ? -1 : 0;
            if (depth == 0)
            {
                return sql[tokens[open].End..tokens[i].Start];
            }
        }

        return sql[tokens[open].End..];
    }
}
