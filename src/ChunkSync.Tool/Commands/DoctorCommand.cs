using System.CommandLine;
using System.Text.RegularExpressions;

namespace ChunkSync.Tool;

/// <summary><c>doctor DB</c>: what <c>cloudsync_check</c> finds, and what only a file shows.</summary>
internal sealed partial class DoctorCommand : ToolCommand
{
    private readonly Argument<string> database = DatabaseArgument();
    private readonly Option<bool> deep = new("--deep") { Description = "Read all rows, too, and the whole file" };
    private readonly Option<bool> fix = new("--fix") { Description = "Run the cures that are a repeated cloudsync_init; nothing else" };

    /// <summary>Makes it.</summary>
    public DoctorCommand()
        : base("doctor", "Check what can rot, name each finding, and say the cure")
    {
        Arguments.Add(database);
        Options.Add(deep);
        Options.Add(fix);
    }

    /// <inheritdoc/>
    public override Task<ExitCode> RunAsync(ParseResult arguments, ToolContext context)
    {
        string path = arguments.GetRequiredValue(database);
        bool isDeep = arguments.GetValue(deep);
        List<DoctorFinding> ofFile = FileFindings.Read(path);
        List<DoctorFinding> found;
        try
        {
            found = Check(path, isDeep, context);
        }
        catch (ToolException failure) when (failure.Code == ExitCode.Database && ofFile.Exists(finding =>
            finding.Id == FileFindings.Journal || (finding.Id == FileFindings.Rights && failure.Cure == DatabaseFile.CannotOpenCure)))
        {
            // A journal that cannot be rolled back read-only, or a log that cannot be read without writing beside it, keeps everybody out: that is the finding.
            return Task.FromResult(context.Write(new DoctorResult(path, isDeep, [], ofFile)));
        }

        List<string> fixedTables = [];
        if (arguments.GetValue(fix))
        {
            fixedTables = Fix(path, found, context);
            found = fixedTables.Count == 0 ? found : Check(path, isDeep, context);
        }

        return Task.FromResult(context.Write(new DoctorResult(path, isDeep, fixedTables, [.. ofFile, .. found])));
    }

    private static List<DoctorFinding> Check(string path, bool isDeep, ToolContext context)
    {
        using DatabaseFile file = DatabaseFile.OpenAny(path, context);
        List<DoctorFinding> found =
        [
            .. file.Rows("SELECT id, severity, tbl, key, n, text, cure FROM cloudsync_check(NULL, ?1)", isDeep ? 1L : 0L).Select(row => new DoctorFinding(
                row.Text(0) ?? "", row.Text(1) ?? "", row.Text(2), row.Text(3), row.Number(4), row.Text(5) ?? "", row.Text(6))),
        ];
        return found.Count > 0 || file.IsTracked
            ? found
            : throw new ToolException(ExitCode.Database, path, "no table is tracked", $"chunksync init {path} TABLE tracks one");
    }

    private static List<string> Fix(string path, List<DoctorFinding> found, ToolContext context)
    {
        string[] tables = [.. found.Select(finding => InitCall().Match(finding.Cure ?? "")).Where(match => match.Success)
            .Select(match => match.Groups["table"].Value.Replace("''", "'", StringComparison.Ordinal)).Distinct()];
        if (tables.Length > 0)
        {
            using DatabaseFile file = DatabaseFile.OpenAny(path, context, isWritable: true);
            foreach (string table in tables)
            {
                file.Sync.Track(table);
            }
        }

        return [.. tables];
    }

    [GeneratedRegex(@"^SELECT cloudsync_init\('(?<table>(?:[^']|'')*)'\);?$")]
    private static partial Regex InitCall();
}
