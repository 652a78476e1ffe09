using System.Text.Json.Serialization.Metadata;

namespace ChunkSync.Tool;

/// <summary>A completion script.</summary>
/// <param name="Shell">For which shell.</param>
/// <param name="Script">The script.</param>
internal sealed record CompletionResult(string Shell, string Script) : CommandResult("chunksync.completion.v1")
{
    /// <inheritdoc/>
    public override JsonTypeInfo ToJsonType() => ToolJson.Instance.CompletionResult;

    /// <inheritdoc/>
    public override void WriteText(TextOutput output)
    {
        foreach (string line in Script.TrimEnd('\n').Split('\n'))
        {
            output.Verbatim(line);
        }
    }
}
