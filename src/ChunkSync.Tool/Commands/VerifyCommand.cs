using System.CommandLine;

namespace ChunkSync.Tool;

/// <summary><c>verify A B</c>: do two databases hold equal rows and equal winners? <c>verify DB --paging</c>: are paged chunks the bytes of one scan?</summary>
internal sealed class VerifyCommand : ToolCommand
{
    private readonly Argument<string> first = DatabaseArgument("A");
    private readonly Argument<string?> second = new("B") { Description = "The database to compare it with", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string[]> tables = TableNames.Option();
    private readonly Option<int> limit = TableNames.Limit();
    private readonly Option<bool> paging = new("--paging") { Description = "Compare paged chunks of one database with one scan" };
    private readonly Option<bool> everyCut = new("--every-cut") { Description = "With --paging: also begin at every position, and go on behind every chunk" };
    private readonly WindowOptions window = new();

    /// <summary>Makes it.</summary>
    public VerifyCommand()
        : base("verify", "Compare two databases, or with --paging the chunks of one with a scan in one piece")
    {
        Arguments.Add(first);
        Arguments.Add(second);
        foreach (Option option in (Option[])[tables, limit, paging, everyCut])
        {
            Options.Add(option);
        }

        window.AddTo(this);
        Validators.Add(result =>
        {
            bool isPaging = result.GetValue(paging);
            if (isPaging == result.GetValue(second) is { Length: > 0 })
            {
                result.AddError(isPaging ? "--paging is about one database" : "name two databases, or one and --paging");
            }
            else if (!isPaging && (result.GetValue(everyCut) || window.IsGiven(result)))
            {
                result.AddError("--every-cut and the options of a window belong to --paging");
            }
        });
    }

    /// <inheritdoc/>
    public override async Task<ExitCode> RunAsync(ParseResult arguments, ToolContext context)
    {
        string left = arguments.GetRequiredValue(first);
        if (arguments.GetValue(second) is not string right)
        {
            using DatabaseFile file = DatabaseFile.Open(left, context);
            PagingCheck check = new(file, window.Window(arguments), window.ChunkSize(arguments));
            return context.Write(await context.Progress.RunRowsAsync("paging", show => check.RunAsync(arguments.GetValue(everyCut), new RowProgress(show))));
        }

        using DatabasePair pair = DatabasePair.Open(left, right, context);
        int shown = arguments.GetValue(limit);
        IReadOnlyList<ComparedTable> chosen = TableNames.Choose(pair, arguments.GetValue(tables));
        TableAnswer[] answers = await pair.CompareAsync(chosen, (table, seen) => TableAnswer.Of(table, shown, seen));
        return context.Write(new VerifyResult(left, right, Array.TrueForAll(answers, answer => answer.Equal), answers));
    }
}
