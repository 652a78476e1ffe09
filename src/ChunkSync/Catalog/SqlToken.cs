namespace ChunkSync.Catalog;

/// <summary>One token of an SQL text.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Start">Its first character.</param>
/// <param name="End">Behind its last character.</param>
internal readonly record struct SqlToken(SqlTokenKind Kind, int Start, int End)
{
    /// <summary>Whether the token is this symbol.</summary>
    public bool Is(string sql, char symbol) => Kind == SqlTokenKind.Symbol && sql[Start] == symbol;

    /// <summary>Whether the token is this keyword.</summary>
    public bool Is(string sql, string keyword) =>
        Kind == SqlTokenKind.Word && sql.AsSpan(Start, End - Start).Equals(keyword, StringComparison.OrdinalIgnoreCase);

    /// <summary>The identifier that the token may be, without quotes: any of SQLite's ways to write one.</summary>
    public string Identifier(string sql) => sql[Start] switch
    {
        '"' or '`' or '\'' when End - Start > 1 => sql[(Start + 1)..(End - 1)].Replace(new string(sql[Start], 2), sql[Start].ToString(), StringComparison.Ordinal),
        '[' when End - Start > 1 => sql[(Start + 1)..(End - 1)],
        _ => sql[Start..End],
    };
}
