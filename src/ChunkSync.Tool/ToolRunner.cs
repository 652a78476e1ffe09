using System.CommandLine;
using System.CommandLine.Invocation;

namespace ChunkSync.Tool;

/// <summary>Parses a command line, runs the command, and says how it ended: the one place where failures become messages and exit codes.</summary>
internal static class ToolRunner
{
    /// <summary>Runs the tool.</summary>
    /// <param name="arguments">The command line, without the program.</param>
    /// <param name="terminal">Where it reads and writes.</param>
    /// <param name="cancellation">Ends the command, which leaves nothing half done.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] arguments, Terminal terminal, CancellationToken cancellation = default)
    {
        ToolRoot root = new();

        // An argument that begins with @ is a name as any other one, not a file with arguments.
        ParseResult parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        string? command = parsed.CommandResult.Command is ToolCommand chosen ? chosen.Name : null;

        // Somebody who asked for JSON gets it, whatever else was wrong.
        bool isJson = arguments.TakeWhile(argument => argument != "--").Any(argument => argument is "--json" or "--json=true" or "--json:true");
        ToolContext? context = null;
        try
        {
            if (parsed.GetValue(root.Version))
            {
                return (int)new ToolContext(terminal, root.Globals.Read(parsed), cancellation).Write(VersionResult.Read());
            }

            if (parsed.Action is ParseErrorAction action)
            {
                throw UsageErrors.Of(parsed, action);
            }

            if (parsed.Action != null)
            {
                return await HelpAsync(parsed, terminal, cancellation);
            }

            GlobalOptions options = root.Globals.Read(parsed);
            context = new ToolContext(terminal, options, cancellation);
            return parsed.CommandResult.Command is ToolCommand toRun
                ? (int)await toRun.RunAsync(parsed, context)
                : throw UsageErrors.NoCommand();
        }
        catch (Exception failure)
        {
            ToolException error = Failures.Of(failure, cancellation, database: context?.Database) ?? new ToolException(
                ExitCode.Defect, "chunksync", $"{failure.GetType().Name}: {failure.Message}", "this is a defect of the program: please report it");
            return (int)ErrorOutput.Write(terminal, error, command, isJson);
        }
    }

    /// <summary>Help and completions, which the parser knows. It takes the name of the process for that of the program.</summary>
    private static async Task<int> HelpAsync(ParseResult parsed, Terminal terminal, CancellationToken cancellation)
    {
        using StringWriter text = new() { NewLine = "\n" };
        int code = await parsed.InvokeAsync(new InvocationConfiguration { Output = text, Error = terminal.Error, EnableDefaultExceptionHandler = false }, cancellation);
        await terminal.Out.WriteAsync(text.ToString().Replace($"  {RootCommand.ExecutableName} ", "  chunksync ", StringComparison.Ordinal));
        return code;
    }
}
