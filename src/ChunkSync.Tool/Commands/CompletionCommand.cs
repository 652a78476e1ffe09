using System.CommandLine;

namespace ChunkSync.Tool;

/// <summary><c>completion SHELL</c>: a script that makes a shell complete commands and options, which this program suggests.</summary>
internal sealed class CompletionCommand : ToolCommand
{
    private readonly Argument<string> shell = new Argument<string>("SHELL") { Description = "bash, zsh, fish or pwsh" }
        .AcceptOnlyFromAmong(CompletionScripts.Shells);

    /// <summary>Makes it.</summary>
    public CompletionCommand()
        : base("completion", "Print a completion script for a shell") => Arguments.Add(shell);

    /// <inheritdoc/>
    public override Task<ExitCode> RunAsync(ParseResult arguments, ToolContext context)
    {
        string name = arguments.GetRequiredValue(shell);
        return Task.FromResult(context.Write(new CompletionResult(name, CompletionScripts.Of(name))));
    }
}
