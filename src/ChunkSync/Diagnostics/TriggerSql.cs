using ChunkSync.Catalog;
using ChunkSync.Sqlite;

namespace ChunkSync.Diagnostics;

/// <summary>What the text of a user's trigger does, by its tokens.</summary>
internal sealed class TriggerSql
{
    private readonly string sql;
    private readonly List<SqlToken> tokens;
    private readonly int begin;

    public TriggerSql(string sql)
    {
        this.sql = sql;
        tokens = SqlTokenizer.Tokens(sql);
        int on = tokens.FindIndex(token => token.Is(sql, "ON"));
        begin = on < 0 ? -1 : tokens.FindIndex(on, token => token.Is(sql, "BEGIN"));
    }

    /// <summary>Whether it asks if a merge writes.</summary>
    public bool AsksForMerge => SchemaText.Calls(sql, "cloudsync_is_sync");

    /// <summary>Whether it refuses something.</summary>
    public bool Raises => SchemaText.Calls(sql, "RAISE");

    /// <summary>Whether it ends a statement in a way that leaves the row as it was written.</summary>
    public bool KeepsRow => Raises && tokens.Exists(token => token.Is(sql, "IGNORE") || token.Is(sql, "FAIL"));

    /// <summary>Whether its body calls a function of the engine.</summary>
    public bool Captures => begin >= 0 && tokens.Skip(begin).Any(token => token.Identifier(sql).StartsWith("cloudsync_", StringComparison.OrdinalIgnoreCase));

    /// <summary>The tables that its body writes.</summary>
    public IEnumerable<string> Written()
    {
        for (int i = begin + 1; begin >= 0 && i < tokens.Count; i++)
        {
            bool isInto = tokens[i].Is(sql, "INTO");
            bool isFrom = tokens[i].Is(sql, "FROM") && tokens[i - 1].Is(sql, "DELETE");
            bool isUpdate = tokens[i].Is(sql, "UPDATE");
            int name = i + 1;
            if (isUpdate && At(name).Is(sql, "OR"))
            {
                name += 2;
            }

            if ((!isInto && !isFrom && !isUpdate) || name >= tokens.Count || At(name).Is(sql, "SET"))
            {
                continue;
            }

            // A schema before the name.
            yield return At(name + 1).Is(sql, '.') ? At(name + 2).Identifier(sql) : At(name).Identifier(sql);
        }
    }

    /// <summary>SQL that makes the trigger again, with the question in its WHEN; null for a text that cannot be read.</summary>
    /// <param name="name">The trigger's name.</param>
    /// <param name="table">Its table.</param>
    public string? WithQuestion(string name, string table)
    {
        if (begin < 0)
        {
            return null;
        }

        int when = tokens.FindIndex(0, begin, token => token.Is(sql, "WHEN"));
        string question = $"cloudsync_is_sync({Connection.Literal(table)}) = 0";
        string head = sql[..(when < 0 ? tokens[begin].Start : tokens[when].Start)];
        string condition = when < 0 ? question : $"({sql[tokens[when].End..tokens[begin].Start].Trim()}\n) AND {question}";
        return $"DROP TRIGGER {Connection.Quote(name)}; {head.TrimEnd()}\nWHEN {condition}\n{sql[tokens[begin].Start..]}";
    }

    private SqlToken At(int index) => index < tokens.Count ? tokens[index] : new SqlToken(SqlTokenKind.Literal, 0, 0);
}
