using ChunkSync.Catalog;

namespace ChunkSync.Diagnostics;

/// <summary>Sequences of keywords in SQL text.</summary>
internal static class SqlPattern
{
    /// <summary>How often words follow each other, outside quotes and comments.</summary>
    public static long Count(string sql, params ReadOnlySpan<string> words)
    {
        List<SqlToken> tokens = SqlTokenizer.Tokens(sql);
        long count = 0;
        for (int i = 0; i + words.Length <= tokens.Count; i++)
        {
            bool all = true;
            for (int word = 0; all && word < words.Length; word++)
            {
                all = tokens[i + word].Is(sql, words[word]);
            }

            count += all ? 1 : 0;
        }

        return count;
    }
}
