using System.Globalization;
using System.Text.RegularExpressions;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Loaded.Tests;

/// <summary>Processes that are killed, and power that is cut: C programs say what they tried, here they get their time and their
/// seed.</summary>
public sealed partial class CrashTests(ITestOutputHelper output)
{
    private const int SampleMilliseconds = 5000;
    private const int LongestTurn = 60_000;

    [Fact, Soak("kill", Weight = 2)]
    public void Killed_processes_leave_k_or_one_more_operation() =>
        Run("kill", checks: 4, "kill_test.c", "actors.c", "faulty_vfs.c");

    [Fact, Soak("power-loss", Weight = 2)]
    public void Nothing_told_is_forgotten_when_the_power_is_cut() =>
        Run("power-loss", checks: 8, "power_test.c", "actors.c", "power_vfs.c");

    private void Run(string name, int checks, params string[] sources)
    {
        using CProgram program = new(sources);
        using Effort effort = Effort.Start(name, output, sample: 1);
        while (effort.Next("runs"))
        {
            int milliseconds = Effort.IsSoak ? (int)Math.Clamp(effort.Budget.TotalMilliseconds / 4, SampleMilliseconds, LongestTurn) : SampleMilliseconds;
            string report = program.Run(checks, program.FastFolder, effort.Random.Next().ToString(CultureInfo.InvariantCulture), milliseconds.ToString(CultureInfo.InvariantCulture));
            output.WriteLine(report);
            foreach (Match count in Count().Matches(report))
            {
                effort.Add(count.Groups[1].Value, long.Parse(count.Groups[2].Value, CultureInfo.InvariantCulture));
            }
        }
    }

    [GeneratedRegex(@"(\w+)=(\d+)")]
    private static partial Regex Count();
}
