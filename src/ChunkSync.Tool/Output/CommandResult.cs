using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace ChunkSync.Tool;

/// <summary>What a command found: as text for people, or as one JSON object. Names of members become snake_case.</summary>
/// <param name="Schema">Which object it is: <c>chunksync.COMMAND.v1</c>.</param>
internal abstract record CommandResult([property: JsonPropertyOrder(-1)] string Schema)
{
    /// <summary>How the program ends with it.</summary>
    public virtual ExitCode ToExitCode() => ExitCode.Done;

    /// <summary>How it becomes JSON: the member of <see cref="ToolJson.Instance"/> for its type.</summary>
    public abstract JsonTypeInfo ToJsonType();

    /// <summary>Writes it for people.</summary>
    public abstract void WriteText(TextOutput output);
}
