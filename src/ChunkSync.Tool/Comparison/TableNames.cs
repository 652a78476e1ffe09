using System.CommandLine;

namespace ChunkSync.Tool;

/// <summary>The options that commands about two databases share.</summary>
internal static class TableNames
{
    private const int Shown = 10;

    /// <summary>The tables to look at.</summary>
    public static Option<string[]> Option() => new("--tables")
    {
        Description = "Only some tables, with commas between them",
        HelpName = "TABLE,…",
    };

    /// <summary>How many differences are listed.</summary>
    public static Option<int> Limit()
    {
        Option<int> limit = new("--limit") { Description = "List at most so many differences of each table", HelpName = "N", DefaultValueFactory = _ => Shown };
        limit.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: string text }] && (!int.TryParse(text, out int value) || value < 0))
            {
                result.AddError($"--limit {text} is no number of differences");
            }
        });
        return limit;
    }

    /// <summary>The tables of two databases that were asked for.</summary>
    /// <exception cref="ToolException">One is tracked in neither.</exception>
    public static IReadOnlyList<ComparedTable> Choose(DatabasePair pair, string[]? names)
    {
        IReadOnlyList<ComparedTable> all = pair.Tables();
        string[] wanted = [.. (names ?? []).SelectMany(name => name.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
        if (Array.Find(wanted, name => !all.Any(table => Is(table, name))) is string unknown)
        {
            throw new ToolException(
                ExitCode.Database, $"--tables {unknown}", "no such table is tracked", $"tracked are {string.Join(", ", all.Select(table => table.Name))}");
        }

        return wanted.Length == 0 ? all : [.. all.Where(table => Array.Exists(wanted, name => Is(table, name)))];
    }

    private static bool Is(ComparedTable table, string name) => table.Name.Equals(name, StringComparison.OrdinalIgnoreCase);
}
