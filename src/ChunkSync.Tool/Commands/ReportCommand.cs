using System.CommandLine;
using System.Text;

namespace ChunkSync.Tool;

/// <summary><c>report DB --out FILE.html</c>: one page about a database and what a send would be.</summary>
internal sealed class ReportCommand : ToolCommand
{
    private readonly Argument<string> database = DatabaseArgument();
    private readonly Option<string> output = new("--out") { Description = "The page to write", HelpName = "FILE.html", Required = true };
    private readonly Option<bool> timed = new("--timed") { Description = "Read all pages and show how long they take" };
    private readonly Option<string?> against = new("--against") { Description = "Compare with another database", HelpName = "DB2" };
    private readonly WindowOptions window = new();

    /// <summary>Makes it.</summary>
    public ReportCommand()
        : base("report", "Write a page with figures about a database and what a send would be")
    {
        Arguments.Add(database);
        foreach (Option option in (Option[])[output, timed, against])
        {
            Options.Add(option);
        }

        window.AddTo(this);
    }

    /// <inheritdoc/>
    public override async Task<ExitCode> RunAsync(ParseResult arguments, ToolContext context)
    {
        string path = arguments.GetRequiredValue(database);
        VerifyResult? compared = arguments.GetValue(against) is string other ? await CompareAsync(path, other, context) : null;
        using DatabaseFile file = DatabaseFile.Open(path, context);
        ReportReader reader = new(file, window.Window(arguments), window.ChunkSize(arguments));
        ReportResult report = await reader.ReadAsync(arguments.GetValue(timed), compared);
        byte[] page = Encoding.UTF8.GetBytes(ReportPage.Make(report));
        await WholeFile.WriteAsync(arguments.GetRequiredValue(output), page, context.Cancellation);
        return context.Write(report.WrittenTo(arguments.GetRequiredValue(output), page.Length));
    }

    /// <summary>Only numbers: no differences are listed.</summary>
    private static async Task<VerifyResult> CompareAsync(string path, string other, ToolContext context)
    {
        using DatabasePair pair = DatabasePair.Open(path, other, context);
        TableAnswer[] answers = await pair.CompareAsync(pair.Tables(), static (table, seen) => TableAnswer.Of(table, 0, seen));
        return new VerifyResult(path, other, Array.TrueForAll(answers, answer => answer.Equal), answers);
    }
}
