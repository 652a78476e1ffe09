using System.Text.Json;
using Spectre.Console;

namespace ChunkSync.Bench.Report;

/// <summary>Writes what was measured: results.json with every run, results.md with tables, and plots.</summary>
internal static class ResultWriter
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static void Write(Options options, IReadOnlyList<Series> results)
    {
        Directory.CreateDirectory(options.Output);
        File.WriteAllText(Path.Combine(options.Output, "results.json"), JsonSerializer.Serialize(results, Indented));
        ResultSet set = new(results);
        string goals = GoalTable.Markdown(set);
        File.WriteAllText(Path.Combine(options.Output, "results.md"), goals + "\n" + ShapeTables.Markdown(options, set));

        // Not through the terminal library, which breaks lines in the middle of a table.
        Console.WriteLine(goals);

        Plots.Write(options.Output, set);
        AnsiConsole.WriteLine("written: " + Path.GetFullPath(options.Output));
    }
}
