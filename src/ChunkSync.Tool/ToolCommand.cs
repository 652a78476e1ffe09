using System.CommandLine;

namespace ChunkSync.Tool;

/// <summary>A command: its arguments and options, and what it does.</summary>
/// <param name="name">What is typed.</param>
/// <param name="description">What it does, for the help.</param>
internal abstract class ToolCommand(string name, string description) : Command(name, description)
{
    /// <summary>Runs it, and writes its result with <see cref="ToolContext.Write"/>.</summary>
    /// <param name="arguments">The parsed command line.</param>
    /// <param name="context">Where it reads and writes.</param>
    /// <exception cref="ToolException">It fails; other failures are translated by <see cref="Failures"/>.</exception>
    public abstract Task<ExitCode> RunAsync(ParseResult arguments, ToolContext context);

    /// <summary>The argument of a database file.</summary>
    /// <param name="name">Its name in the help.</param>
    protected static Argument<string> DatabaseArgument(string name = "DB") => new(name) { Description = "A database file" };
}
