using System.Text;

namespace ChunkSync.Sql.Help;

/// <summary>The text of docs/reference.md, made from the same entries as <c>cloudsync_help</c>. A test compares it with the file and
/// writes it when CHUNKSYNC_WRITE_DOCS is set.</summary>
internal static class Reference
{
    /// <summary>The whole file.</summary>
    public static string Markdown(IReadOnlyList<HelpEntry> entries)
    {
        StringBuilder text = new(
            "# Reference\n\nEverything that the extension registers. This page is generated: change the definitions in `src/ChunkSync`, then run"
            + " the tests with `CHUNKSYNC_WRITE_DOCS=1`.\n");
        foreach ((string kind, string title) in ((string, string)[])[("table", "Tables"), ("scalar", "Functions"), ("aggregate", "Aggregates")])
        {
            text.Append("\n## ").Append(title).Append('\n');
            foreach (HelpEntry entry in entries.Where(entry => entry.Kind == kind))
            {
                string arguments = entry.Arity < 0 ? "(…)" : entry.Arity == 0 && kind == "table" ? "" : $" — {entry.Arity} arguments";
                text.Append("\n### `").Append(entry.Name).Append('`').Append(arguments).Append("\n\n").Append(entry.Summary).Append(' ')
                    .Append(SchemaSentence(entry.InSchema)).Append("\n\n```sql\n").Append(entry.Example).Append(";\n```\n");
            }
        }

        return text.ToString();
    }

    private static string SchemaSentence(string inSchema) => inSchema switch
    {
        "innocuous" => "Views, triggers and the rest of a schema may use it.",
        "trusted" => "A schema may use it while `PRAGMA trusted_schema` is on.",
        _ => "Not in views, triggers or anything else of a schema.",
    };
}
