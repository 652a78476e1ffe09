using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Faults;

/// <summary>Full files, refused commits, interrupts and locks, mixed at random over histories of writes, applies, receives, alterations,
/// inits and filters: after every failure the file is as before or as after, the next call works, and nothing is lost or there
/// twice.</summary>
public class FaultMixTests(ITestOutputHelper output)
{
    private const int Operations = 60;

    [Fact, Soak("fault-mix", Weight = 3)]
    public void Every_operation_happens_once_or_not_at_all_when_faults_are_mixed()
    {
        using Effort effort = Effort.Start("fault-mix", output, sample: 1);
        while (effort.Next("histories"))
        {
            using MixedHistory history = new(effort.Random, effort.Add);
            history.Run(Operations);
            history.Finish();
        }
    }
}
