using ChunkSync.Tests.Host;
using ChunkSync.Tests.Limits;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Trees;

/// <summary>A fold that fails at any write, or is interrupted at any step, leaves the old tree or the new one, no transaction, and nothing that would
/// keep the next call from ending where an undisturbed run ends.</summary>
[Collection(MemoryCollection.Name)]
public sealed class TreeFailureTests(ITestOutputHelper output)
{
    private static readonly Lazy<TreeFailureCase[]> Cases = new(() => [.. Enum.GetValues<TreeFailureShape>().Select(shape => new TreeFailureCase(shape))]);
    private static readonly string[] Begins = ["", "", "BEGIN", "SAVEPOINT mine", "BEGIN IMMEDIATE; UPDATE items SET title = 'caller' WHERE id = 'b'"];
    private static readonly string[] Policies = ["", "stop", "wait"];

    [Fact, Soak("tree-failures", Weight = 2)]
    public void Tree_is_the_old_one_or_the_new_one_when_any_write_of_a_fold_fails()
    {
        using Effort effort = Effort.Start("tree-failures", output, sample: 260);
        while (effort.Next("points"))
        {
            TreeFaultKind kind = (TreeFaultKind)(effort.Turn % Enum.GetValues<TreeFaultKind>().Length);
            Fail(effort, (database, run) =>
            {
                using TreeFault fault = new(database, run.Point(effort.Random), kind, effort.Random.Next(2) == 0 ? "BEFORE" : "AFTER");
                effort.Add(kind.ToString(), 1);
                return run.Do(database, () => fault.Fired, endsTransaction: kind is not (TreeFaultKind.Abort or TreeFaultKind.Fail or TreeFaultKind.Ignore or TreeFaultKind.Constraint), inMerge: false);
            });
        }
    }

    [Fact, Soak("tree-interruptions")]
    public void Tree_is_the_old_one_or_the_new_one_when_a_fold_is_interrupted()
    {
        using Effort effort = Effort.Start("tree-interruptions", output, sample: 90);
        while (effort.Next("points"))
        {
            StepFaultKind kind = (StepFaultKind)(effort.Turn % 3);
            Fail(effort, (database, run) =>
            {
                using StepFault fault = new(database, 1 + effort.Random.NextInt64(run.Steps), kind);
                return run.Do(database, () => fault.Fired, endsTransaction: true);
            });
        }
    }

    [Fact, Soak("tree-memory")]
    public void Tree_is_the_old_one_or_the_new_one_when_memory_or_disk_ends()
    {
        using Effort effort = Effort.Start("tree-memory", output, sample: 40);
        while (effort.Next("points"))
        {
            bool isDisk = effort.Turn % 2 == 0;
            Fail(effort, (database, run) =>
            {
                bool failed = true;
                if (isDisk)
                {
                    database.Scalar($"PRAGMA max_page_count = {(long)database.Scalar("PRAGMA page_count")! + effort.Random.NextInt64(run.Pages + 1)}");
                    failed = run.Do(database, () => true, endsTransaction: true);
                    database.Scalar("PRAGMA max_page_count = 1000000");
                }
                else
                {
                    HeapMeter.RunWithin(1 + effort.Random.NextInt64(run.Memory), () => failed = run.Do(database, () => true, endsTransaction: true));
                }

                return failed;
            });
        }
    }

    private static void Fail(Effort effort, Func<Database, TreeFailureRun, bool> fail)
    {
        Random random = effort.Random;
        TreeFailureRun run = new(Cases.Value[random.Next(Cases.Value.Length)], Begins[random.Next(Begins.Length)], Policies[random.Next(Policies.Length)]);
        using TempFile file = run.Case.Copy();
        using Database database = run.Open(file);
        if (fail(database, run))
        {
            effort.Add("failed", 1);
        }

        run.CheckAndGoOn(database, file, random);
    }
}
