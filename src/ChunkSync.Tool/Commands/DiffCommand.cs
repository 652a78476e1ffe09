using System.CommandLine;

namespace ChunkSync.Tool;

/// <summary><c>diff A B</c>: which rows and columns differ, and whose change wins.</summary>
internal sealed class DiffCommand : ToolCommand
{
    private readonly Argument<string> first = DatabaseArgument("A");
    private readonly Argument<string> second = DatabaseArgument("B");
    private readonly Option<string[]> tables = TableNames.Option();
    private readonly Option<int> limit = TableNames.Limit();
    private readonly Option<string?> payload = new("--payload") { Description = "Write what A has and B lacks to a file, as a payload", HelpName = "FILE" };

    /// <summary>Makes it.</summary>
    public DiffCommand()
        : base("diff", "Show which rows and columns of two databases differ, and whose change wins")
    {
        Arguments.Add(first);
        Arguments.Add(second);
        foreach (Option option in (Option[])[tables, limit, payload])
        {
            Options.Add(option);
        }
    }

    /// <inheritdoc/>
    public override async Task<ExitCode> RunAsync(ParseResult arguments, ToolContext context)
    {
        string left = arguments.GetRequiredValue(first);
        string right = arguments.GetRequiredValue(second);
        string? file = arguments.GetValue(payload);
        using DatabasePair pair = DatabasePair.Open(left, right, context);
        LackingChanges? lacking = file == null ? null : new LackingChanges(pair);
        IReadOnlyList<ComparedTable> chosen = TableNames.Choose(pair, arguments.GetValue(tables));
        DiffTable[] compared = await pair.CompareAsync(chosen, (table, seen) => DiffTable.Of(pair, table, arguments.GetValue(limit), lacking, seen));
        DiffPayload? written = null;
        if (lacking?.Encode() is (byte[] bytes, long changes))
        {
            await WholeFile.WriteAsync(file!, bytes, context.Cancellation);
            written = new DiffPayload(file!, changes, bytes.Length);
        }

        return context.Write(new DiffResult(left, right, Array.TrueForAll(compared, table => table.Differing == 0 && table.Obstacle == null), compared, written));
    }
}
