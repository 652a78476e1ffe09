using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Backfill;

/// <summary>Fills with random writes, merges and rollbacks between their slices, beside a database that was initialised first and saw the
/// same.</summary>
public class FillHistoryTests(ITestOutputHelper output)
{
    [Fact, Soak("fill-histories", Weight = 2)]
    public void Clocks_are_those_of_init_when_rows_are_written_and_merged_between_slices()
    {
        using Effort effort = Effort.Start("fill-histories", output, sample: 60);
        while (effort.Next("fills"))
        {
            using FillHistory history = new(effort.Random);
            effort.Add("operations", history.Run());
            history.Check();
        }
    }
}
