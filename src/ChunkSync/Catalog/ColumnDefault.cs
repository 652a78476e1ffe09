using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>The DEFAULT of a column, as <c>pragma_table_info</c> gives it.</summary>
internal static class ColumnDefault
{
    /// <summary>An expression with the value of the default, whatever names it is put among: SQLite takes a bare word for a text.</summary>
    public static string Expression(string text)
    {
        List<SqlToken> tokens = SqlTokenizer.Tokens(text);
        bool isText = tokens.Count == 1 && (tokens[0].Kind == SqlTokenKind.QuotedName || (tokens[0].Kind == SqlTokenKind.Word && !IsKeyword(text, tokens[0])));
        return isText ? Connection.Literal(tokens[0].Identifier(text)) : "(" + text + ")";
    }

    private static bool IsKeyword(string text, SqlToken token) => Array.Exists(
        (string[])["NULL", "TRUE", "FALSE", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"], word => token.Is(text, word));
}
