using System.Text.Json.Serialization.Metadata;
using Spectre.Console;

namespace ChunkSync.Tool;

/// <summary>What was found.</summary>
/// <param name="Database">The file.</param>
/// <param name="Deep">Whether all rows were read.</param>
/// <param name="Fixed">The tables whose cloudsync_init was repeated.</param>
/// <param name="Findings">What is there now.</param>
internal sealed record DoctorResult(string Database, bool Deep, IReadOnlyList<string> Fixed, IReadOnlyList<DoctorFinding> Findings)
    : CommandResult("chunksync.doctor.v1")
{
    /// <inheritdoc/>
    public override ExitCode ToExitCode() => Findings.Any(finding => finding.Severity != "info") ? ExitCode.Differs : ExitCode.Done;

    /// <inheritdoc/>
    public override JsonTypeInfo ToJsonType() => ToolJson.Instance.DoctorResult;

    /// <inheritdoc/>
    public override void WriteText(TextOutput output)
    {
        foreach (string table in Fixed)
        {
            output.Line($"fixed: SELECT cloudsync_init({Names.Literal(table)});");
        }

        foreach (DoctorFinding finding in Findings)
        {
            string about = finding.Tbl == null ? "" : finding.Tbl + ": ";
            string cure = finding.Cure == null ? "" : "  " + finding.Cure + ";";
            Color color = finding.Severity switch { "error" => Color.Red, "warning" => Color.Yellow, _ => Color.Default };
            output.Line($"{finding.Id} {finding.Severity,-7}  {about}{finding.Text.TrimEnd('.')}.{cure}", color);
        }

        if (Findings.Count == 0)
        {
            output.Line("nothing found");
        }
    }
}
