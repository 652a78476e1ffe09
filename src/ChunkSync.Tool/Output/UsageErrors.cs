using System.CommandLine;
using System.CommandLine.Invocation;

namespace ChunkSync.Tool;

/// <summary>What is wrong with a command line.</summary>
internal static class UsageErrors
{
    /// <summary>No command was given.</summary>
    public static ToolException NoCommand() => new(ExitCode.Usage, "command line", "a command is missing", "see chunksync --help");

    /// <summary>The first error that the parser found, with what it suggests instead.</summary>
    public static ToolException Of(ParseResult parsed, ParseErrorAction action)
    {
        bool hasCommand = parsed.CommandResult.Command is ToolCommand;
        if (!hasCommand && parsed.UnmatchedTokens.Count == 0)
        {
            return NoCommand();
        }

        string cause = hasCommand ? parsed.Errors[0].Message : $"there is no command '{parsed.UnmatchedTokens[0]}'";
        string help = hasCommand ? $"see chunksync {parsed.CommandResult.Command.Name} --help" : "see chunksync --help";
        string what = hasCommand ? parsed.CommandResult.Command.Name : "command line";
        return new ToolException(ExitCode.Usage, what, cause.TrimEnd('.'), Suggestion(parsed, action) is string other ? $"did you mean {other}?" : help);
    }

    /// <summary>What the parser takes the first word for that it does not know.</summary>
    private static string? Suggestion(ParseResult parsed, ParseErrorAction action)
    {
        using StringWriter text = new();
        (action.ShowHelp, action.ShowTypoCorrections) = (false, true);
        parsed.Invoke(new InvocationConfiguration { Output = text, Error = TextWriter.Null });
        string[] lines = [.. text.ToString().Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
        string[] others = [.. lines.SkipWhile(line => !IsQuestion(line)).Skip(1).TakeWhile(line => !IsQuestion(line)).Take(3)];
        return others.Length == 0 ? null : string.Join(" or ", others);
    }

    private static bool IsQuestion(string line) => line.EndsWith("Did you mean one of the following?", StringComparison.Ordinal);
}
