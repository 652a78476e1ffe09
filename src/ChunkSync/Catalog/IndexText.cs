namespace ChunkSync.Catalog;

/// <summary>What no pragma shows of an index: the text of its expressions, and its WHERE. Taken from its CREATE INDEX statement.</summary>
internal sealed class IndexText
{
    /// <summary>The indexed columns and expressions in order, without ASC and DESC.</summary>
    public List<string> Parts { get; } = [];

    /// <summary>What stands behind WHERE; null for an index on all rows.</summary>
    public string? Predicate { get; private set; }

    /// <summary>Splits the text of CREATE INDEX; null for a text that does not look like one.</summary>
    public static IndexText? Parse(string sql)
    {
        List<SqlToken> tokens = SqlTokenizer.Tokens(sql);
        int open = tokens.FindIndex(token => token.Is(sql, '('));
        if (open < 0)
        {
            return null;
        }

        IndexText text = new();
        int depth = 0;
        int from = open + 1;
        for (int i = open; i < tokens.Count; i++)
        {
            depth += tokens[i].Is(sql, '(') ? 1 : tokens[i].Is(sql, ')') ? -1 : 0;
            if (depth == 0 || (depth == 1 && tokens[i].Is(sql, ',')))
            {
                text.Add(sql, tokens, from, i);
                from = i + 1;
            }

            if (depth == 0)
            {
                return text.AddPredicate(sql, tokens, i + 1);
            }
        }

        return null;
    }

    private void Add(string sql, List<SqlToken> tokens, int from, int to)
    {
        bool hasOrder = to > from && (tokens[to - 1].Is(sql, "ASC") || tokens[to - 1].Is(sql, "DESC"));
        Parts.Add(Between(sql, tokens, from, hasOrder ? to - 1 : to));
    }

    private IndexText? AddPredicate(string sql, List<SqlToken> tokens, int at)
    {
        if (at == tokens.Count)
        {
            return this;
        }

        Predicate = Between(sql, tokens, at + 1, tokens.Count);
        return tokens[at].Is(sql, "WHERE") ? this : null;
    }

    private static string Between(string sql, List<SqlToken> tokens, int from, int to) =>
        to <= from ? "" : sql[tokens[from].Start..tokens[to - 1].End];
}
