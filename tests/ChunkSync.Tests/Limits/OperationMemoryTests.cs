using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Limits;

/// <summary>Whatever is done again and again, nothing stays behind: not in the managed heap, and not in what SQLite has given out. The same
/// operations run on the built library in <c>native/memory_test.c</c>.</summary>
[Collection(MemoryCollection.Name)]
public class OperationMemoryTests(ITestOutputHelper output)
{
    private const long SampleRepeats = 500;
    private const long SoakRepeats = 50_000;

    /// <summary>Bytes that may be there more: what the collector hands out at once, and less than one object per operation.</summary>
    private const long Slack = 10 << 10;

    /// <summary>Measures that have to show growth, one after the other, before it is taken for growth.</summary>
    private const int Repetitions = 6;

    /// <summary>How much longer the last measure is.</summary>
    private const int Longer = 8;

    [Fact, Soak("operation-memory")]
    public void Memory_is_flat_when_any_operation_is_repeated()
    {
        using Effort effort = Effort.Start("operation-memory", output, sample: 1);
        while (effort.Next("runs"))
        {
            using TempFile file = new();
            using Database database = RepeatedOperation.Prepare(file.Path);
            database.Deviates(Deviation.Damaged, "clocks are deleted so that the same parts can come again");
            using IDisposable pause = database.PauseChecks();
            List<RepeatedOperation> operations = [.. RepeatedOperation.All.Where(section => section.Kind is not ("setup" or "source"))];
            operations.ForEach(operation => operation.Repeat(database, 20));
            TimeSpan each = effort.Budget / operations.Count;
            foreach (RepeatedOperation operation in Share.Of(operations, parts: 3))
            {
                effort.Add("operations", Check(database, operation, each));
            }
        }
    }

    private static long Check(Database database, RepeatedOperation operation, TimeSpan budget)
    {
        operation.Repeat(database, 30);
        (long repeats, long managed, long used) = Measure(database, operation, budget);
        for (int again = 0; again < Repetitions && (managed > Slack || used > Slack); again++)
        {
            // What grows goes on growing; what was made once, for the compiler of the tests too, does not.
            (repeats, managed, used) = Measure(database, operation, budget);
        }

        long slack = Slack;
        if (managed > Slack && used <= Slack && repeats < SoakRepeats)
        {
            // Some kilobytes each time, however often it ran: exceptions and their stack traces do that. What stays behind of every operation
            // is eight times as much now.
            slack *= Longer / 2;
            (repeats, managed, used) = Measure(database, operation, budget, Longer * SampleRepeats);
        }

        Assert.True(
            managed <= slack && used <= slack,
            $"{operation.Name}, {repeats} times: {managed} bytes more in the managed heap, {used} more of SQLite's");
        return repeats;
    }

    /// <returns>How often the operation ran, and what was there more behind it.</returns>
    private static (long Repeats, long Managed, long Used) Measure(
        Database database, RepeatedOperation operation, TimeSpan budget, long atOnce = SampleRepeats)
    {
        long managed = GC.GetTotalMemory(forceFullCollection: true);
        long used = NativeSqlite.MemoryUsed();
        long begun = Environment.TickCount64;
        long repeats = 0;
        do
        {
            operation.Repeat(database, atOnce);
            repeats += atOnce;
        }
        while (repeats < SoakRepeats && Environment.TickCount64 - begun < budget.TotalMilliseconds);

        return (repeats, GC.GetTotalMemory(forceFullCollection: true) - managed, NativeSqlite.MemoryUsed() - used);
    }
}
