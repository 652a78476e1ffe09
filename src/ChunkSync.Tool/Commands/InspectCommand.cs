using System.CommandLine;

namespace ChunkSync.Tool;

/// <summary><c>inspect DB [TABLE [KEY]]</c>: the clocks of a database, a table or a row.</summary>
internal sealed class InspectCommand : ToolCommand
{
    private static readonly string[] Columns = ["table", "key", "column", ">version", ">db_version", ">seq", ">cl", ">bytes", "site"];

    private readonly Argument<string> database = DatabaseArgument();
    private readonly Argument<string?> table = new("TABLE") { Description = "A tracked table; all of them unless it is given", Arity = ArgumentArity.ZeroOrOne };

    private readonly Argument<string?> key = new("KEY")
    {
        Description = "The key of a row; of several columns as SQL literals with commas: 'a',7",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<bool> values = new("--values") { Description = "Show the values, too" };

    /// <summary>Makes it.</summary>
    public InspectCommand()
        : base("inspect", "Show the clocks of a table or a row: column, version, db_version, site, causal length, length of the value")
    {
        Arguments.Add(database);
        Arguments.Add(table);
        Arguments.Add(key);
        Options.Add(values);
    }

    /// <inheritdoc/>
    public override Task<ExitCode> RunAsync(ParseResult arguments, ToolContext context)
    {
        using DatabaseFile file = DatabaseFile.Open(arguments.GetRequiredValue(database), context);
        IReadOnlyList<TrackedTable> all = TrackedTable.Of(file);
        string? name = arguments.GetValue(table);
        TrackedTable[] chosen = [.. all.Where(entry => name == null || entry.Name.Equals(name, StringComparison.OrdinalIgnoreCase))];
        if (chosen.Length == 0)
        {
            throw new ToolException(
                ExitCode.Database, $"{file.Path}: {name}", "no such table is tracked", $"tracked are {string.Join(", ", all.Select(entry => entry.Name))}");
        }

        bool hasValues = arguments.GetValue(values);
        byte[][]? keys = arguments.GetValue(key) is string text ? KeyArgument.Parse(file, chosen[0], text) : null;
        long count = context.WriteLines(
            chosen.SelectMany(entry => ClockLine.Read(file, entry, keys, hasValues)),
            [.. Columns, .. hasValues ? (string[])["value"] : []],
            line => line.Cells(hasValues));
        if (count == 0)
        {
            context.Note(keys == null ? "there are no clocks" : $"{name}: no row with this key was ever here");
        }

        return Task.FromResult(count == 0 && keys != null ? ExitCode.Differs : ExitCode.Done);
    }
}
