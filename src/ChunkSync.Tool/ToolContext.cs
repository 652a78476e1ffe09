namespace ChunkSync.Tool;

/// <summary>What a command runs with.</summary>
/// <param name="Terminal">Where it reads and writes.</param>
/// <param name="Options">The options of all commands.</param>
/// <param name="Cancellation">Ends it.</param>
internal sealed record ToolContext(Terminal Terminal, GlobalOptions Options, CancellationToken Cancellation)
{
    /// <summary>Shows how far the command is.</summary>
    public ProgressOutput Progress { get; } = new(Terminal, Options, Cancellation);

    /// <summary>Writes a result, or one of several of a command that has a result per line, to standard output.</summary>
    /// <returns>The exit code that belongs to it.</returns>
    public ExitCode Write(CommandResult result)
    {
        if (Options.IsJson)
        {
            Terminal.Out.WriteLine(ToolJson.Text(result));
        }
        else
        {
            result.WriteText(new TextOutput(Terminal, Options));
        }

        return result.ToExitCode();
    }

    /// <summary>Says something about the way to the result, to standard error; nothing with <c>--quiet</c>.</summary>
    public void Note(string text)
    {
        if (!Options.IsQuiet)
        {
            Terminal.Error.WriteLine("chunksync: " + Printable.Of(text));
        }
    }
}
