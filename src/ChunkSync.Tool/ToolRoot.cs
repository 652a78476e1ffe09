using System.CommandLine;
using System.CommandLine.Help;

namespace ChunkSync.Tool;

/// <summary>The whole command line: global options and every command.</summary>
internal sealed class ToolRoot : RootCommand
{
    /// <summary>Makes a new one; a command line is parsed by its own.</summary>
    public ToolRoot()
        : base("Says what is in a ChunkSync database, what would be sent and what is wrong, and moves chunks to and from files.")
    {
        // The version is that of this program, also where another one runs it, and known to --json.
        Remove<VersionOption>();
        Options.Add(Version);

        // A slash begins a path.
        foreach (HelpOption help in Options.OfType<HelpOption>())
        {
            help.Aliases.Remove("/h");
            help.Aliases.Remove("/?");
        }

        Globals.AddTo(this);
        foreach (ToolCommand command in ToolCommands.All())
        {
            Subcommands.Add(command);
        }
    }

    /// <summary>Prints the version.</summary>
    public Option<bool> Version { get; } = new("--version") { Description = "Show the version of this program and of the SQLite inside" };

    /// <summary>The options of all commands.</summary>
    public GlobalOptionSet Globals { get; } = new();

    private void Remove<T>()
        where T : Option
    {
        foreach (T option in Options.OfType<T>().ToArray())
        {
            Options.Remove(option);
        }
    }
}
