using System.Text.Json.Nodes;

namespace ChunkSync.Tool.Tests;

/// <summary>A run of the tool that is over.</summary>
/// <param name="Code">The exit code.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record ToolRun(int Code, string Output, string Error)
{
    /// <summary>Standard output as the one JSON object that it has to be.</summary>
    public JsonObject Json => Assert.IsType<JsonObject>(JsonNode.Parse(Output));

    /// <summary>Standard output as JSON objects, one in each line.</summary>
    public JsonObject[] JsonLines => [.. Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Assert.IsType<JsonObject>(JsonNode.Parse(line)))];

    /// <inheritdoc/>
    public override string ToString() => $"exit code {Code}\n{Output}\n{Error}";

    /// <summary>The same run, which ended with a code.</summary>
    public ToolRun Expect(ExitCode code)
    {
        Assert.True((int)code == Code, $"exit code {Code} instead of {code}\n{Output}\n{Error}");
        return this;
    }

    /// <summary>The same run, which failed with a code and one line, and, with --json, one object.</summary>
    public ToolRun Fails(ExitCode code, string line)
    {
        Expect(code);
        Assert.Equal(line + "\n", Error);
        return this;
    }
}
