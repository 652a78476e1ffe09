using System.Globalization;
using System.Text.RegularExpressions;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Loaded.Tests;

/// <summary>Processes that are killed, power that is cut, and memory in the long run: C programs say what they tried, here they get their time and their
/// seed.</summary>
public sealed partial class CrashTests(ITestOutputHelper output)
{
    private const int SampleMilliseconds = 5000;
    private const int LongestTurn = 60_000;

    private static readonly TimeSpan LongestRun = TimeSpan.FromMinutes(60);

    /// <summary>What 50,000 repeats of everything take, at least.</summary>
    private static readonly TimeSpan LongRun = TimeSpan.FromMinutes(5);

    [Fact, Soak("kill", Weight = 2)]
    public void Killed_processes_leave_k_or_one_more_operation() =>
        Run("kill", checks: 4, "kill_test.c", "actors.c", "faulty_vfs.c");

    [Fact]
    public void Killed_fill_ends_with_the_clocks_of_init_when_it_goes_on()
    {
        using CProgram program = new("fill_kill_test.c", "actors.c", "faulty_vfs.c", "killed.c");
        output.WriteLine(program.Run(checks: 2, program.FastFolder, Share.IsWhole ? "1" : "4"));
    }

    /// <summary>Every 31st place in a sample, all of them in a soak run.</summary>
    [Fact]
    public void Calls_that_set_changes_aside_are_whole_when_they_are_killed_or_fail()
    {
        using CProgram program = new("waiting_fault_test.c", "actors.c", "faulty_vfs.c", "killed.c") { Patience = LongestRun };
        output.WriteLine(program.Run(checks: 5, program.FastFolder, Effort.IsSoak ? "1" : "31"));
    }

    [Fact, Soak("tree-kill")]
    public void Killed_process_leaves_the_tree_of_before_or_behind()
    {
        using CProgram program = new("tree_kill_test.c", "actors.c", "faulty_vfs.c", "killed.c") { Patience = LongestRun };
        using Effort effort = Effort.Start("tree-kill", output, sample: 1);
        while (effort.Next("runs"))
        {
            Count(effort, program.Run(checks: 2, program.FastFolder, effort.Random.Next().ToString(CultureInfo.InvariantCulture), Effort.IsSoak ? "1000" : "60"));
        }
    }

    [Fact, Soak("power-loss", Weight = 2)]
    public void Nothing_told_is_forgotten_when_the_power_is_cut() =>
        Run("power-loss", checks: 8, "power_test.c", "actors.c", "power_vfs.c");

    [Fact, Soak("memory")]
    public void Memory_is_flat_when_operations_and_connections_are_repeated()
    {
        using CProgram program = new("memory_test.c", "faulty_vfs.c") { Patience = LongestRun };
        using Effort effort = Effort.Start("memory", output, sample: 1);
        while (effort.Next("runs"))
        {
            (string repeats, string connections) = Effort.IsSoak && effort.Budget >= LongRun ? ("50000", "10000") : ("400", "150");
            Count(effort, program.Run(
                checks: null, program.FastFolder, Path.Combine(Repository.Root, "native", "operations.sql"), repeats, connections));
        }
    }

    private void Run(string name, int checks, params string[] sources)
    {
        using CProgram program = new(sources);
        using Effort effort = Effort.Start(name, output, sample: 1);
        while (effort.Next("runs"))
        {
            int milliseconds = Effort.IsSoak ? (int)Math.Clamp(effort.Budget.TotalMilliseconds / 4, SampleMilliseconds, LongestTurn) : SampleMilliseconds;
            string report = program.Run(checks, program.FastFolder, effort.Random.Next().ToString(CultureInfo.InvariantCulture), milliseconds.ToString(CultureInfo.InvariantCulture));
            Count(effort, report);
        }
    }

    private void Count(Effort effort, string report)
    {
        output.WriteLine(report);
        foreach (Match count in Counted().Matches(report))
        {
            effort.Add(count.Groups[1].Value, long.Parse(count.Groups[2].Value, CultureInfo.InvariantCulture));
        }
    }

    [GeneratedRegex(@"(\w+)=(\d+)")]
    private static partial Regex Counted();
}
