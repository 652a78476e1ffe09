using System.Text.Json.Serialization.Metadata;

namespace ChunkSync.Tool;

/// <summary>A failure as JSON: with <c>--json</c> standard output has one object also then.</summary>
/// <param name="Command">The command; null where none was understood.</param>
/// <param name="Code">The exit code.</param>
/// <param name="What">What it is about.</param>
/// <param name="Cause">What is wrong.</param>
/// <param name="Cure">What to do.</param>
internal sealed record ErrorResult(string? Command, int Code, string What, string Cause, string? Cure) : CommandResult("chunksync.error.v1")
{
    /// <inheritdoc/>
    public override ExitCode ToExitCode() => (ExitCode)Code;

    /// <inheritdoc/>
    public override JsonTypeInfo ToJsonType() => ToolJson.Instance.ErrorResult;

    /// <inheritdoc/>
    public override void WriteText(TextOutput output) => throw new InvalidOperationException("a failure is a line on standard error");
}
