using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>Names metadata tables in messages of SQLite that do not: "no such column: value" says nothing to a user who did not write the
/// statement.</summary>
internal static class MetadataNames
{
    private const int Mismatch = 20;

    /// <summary>SQLite's message about a statement of ours, with the metadata tables that the statement is about where the message names
    /// none of them.</summary>
    /// <param name="code">The result code.</param>
    /// <param name="message">The message.</param>
    /// <param name="sql">The statement.</param>
    public static string Explain(int code, string message, string sql)
    {
        if (ResultCode.Primary(code) is not (ResultCode.Error or ResultCode.Constraint or ResultCode.Corrupt or Mismatch))
        {
            return message;
        }

        List<string> names = In(sql);
        return names.Count == 0 || names.Exists(name => message.Contains(name, StringComparison.OrdinalIgnoreCase))
            ? message
            : $"{message} (in the sync metadata: {string.Join(", ", names)})";
    }

    /// <summary>The metadata tables that a statement of ours is about: it writes them as main.name or main."name".</summary>
    public static List<string> In(string sql)
    {
        const string Schema = "main.";
        List<string> names = [];
        for (int at = sql.IndexOf(Schema, StringComparison.Ordinal); at >= 0; at = sql.IndexOf(Schema, at, StringComparison.Ordinal))
        {
            at += Schema.Length;
            string name = NameAt(sql, at);
            bool isMetadata = name.StartsWith("cloudsync_", StringComparison.Ordinal) || name.Contains(TrackedTable.ClockSuffix, StringComparison.Ordinal);
            if (isMetadata && !names.Contains(name))
            {
                names.Add(name);
            }
        }

        return names;
    }

    private static string NameAt(string sql, int start)
    {
        if (start < sql.Length && sql[start] == '"')
        {
            int end = start + 1;
            while (end < sql.Length && (sql[end] != '"' || (end + 1 < sql.Length && sql[end + 1] == '"')))
            {
                end += sql[end] == '"' ? 2 : 1;
            }

            return sql[(start + 1)..Math.Min(end, sql.Length)].Replace("\"\"", "\"", StringComparison.Ordinal);
        }

        int last = start;
        while (last < sql.Length && (char.IsAsciiLetterOrDigit(sql[last]) || sql[last] == '_'))
        {
            last++;
        }

        return sql[start..last];
    }
}
