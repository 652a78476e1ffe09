using System.CommandLine;

namespace ChunkSync.Tool;

/// <summary>The options that every command has.</summary>
internal sealed class GlobalOptionSet
{
    private readonly Option<bool> json = new("--json") { Description = "Print one JSON object instead of text", Recursive = true };

    private readonly Option<string> progress = new Option<string>("--progress")
    {
        Description = "How progress is shown: auto is a bar on a terminal and nothing elsewhere",
        Recursive = true,
        DefaultValueFactory = _ => "auto",
    }.AcceptOnlyFromAmong("auto", "bar", "json", "none");

    private readonly Option<string> color = new Option<string>("--color")
    {
        Description = "Whether colours are used on a terminal",
        Recursive = true,
        DefaultValueFactory = _ => "auto",
    }.AcceptOnlyFromAmong("auto", "never");

    private readonly Option<int> busyTimeout = new("--busy-timeout")
    {
        Description = "How long to wait for whoever has the database locked, in milliseconds",
        HelpName = "MS",
        Recursive = true,
        DefaultValueFactory = _ => 5000,
    };

    private readonly Option<bool> quiet = new("--quiet") { Description = "Print nothing but the result and failures", Recursive = true };

    /// <summary>Makes them options of a command and of all below it.</summary>
    public void AddTo(Command root)
    {
        busyTimeout.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: string text }] && (!int.TryParse(text, out int value) || value < 0))
            {
                result.AddError($"--busy-timeout {text} is no number of milliseconds");
            }
        });
        foreach (Option option in (Option[])[json, progress, color, busyTimeout, quiet])
        {
            root.Options.Add(option);
        }
    }

    /// <summary>Their values.</summary>
    public GlobalOptions Read(ParseResult parsed) => new(
        parsed.GetValue(json),
        parsed.GetValue(progress) switch { "bar" => ProgressMode.Bar, "json" => ProgressMode.Json, "none" => ProgressMode.None, _ => ProgressMode.Auto },
        parsed.GetValue(color) != "never",
        parsed.GetValue(busyTimeout),
        parsed.GetValue(quiet));
}
