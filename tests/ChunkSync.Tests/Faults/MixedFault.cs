using System.Runtime.InteropServices;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Faults;

/// <summary>What goes wrong while an operation runs: one thing or two, chosen at random, until it is disposed. Nothing of it is the
/// operation's own fault: without it the same call works.</summary>
internal sealed unsafe class MixedFault : IDisposable
{
    private const int MaxSteps = 6000;
    private const string NoLimit = "1073741823";

    private struct HookPlan
    {
        public int Remaining;
        public int Refused;
    }

    private readonly Database database;
    private readonly List<IDisposable> parts = [];
    private readonly HookPlan* hook;
    private bool hasLimit;

    /// <summary>Arms one fault or two.</summary>
    /// <param name="database">Whose calls are hit.</param>
    /// <param name="path">Its file.</param>
    /// <param name="random">Chooses.</param>
    public MixedFault(Database database, string path, Random random)
    {
        this.database = database;
        hook = (HookPlan*)NativeMemory.AllocZeroed((nuint)sizeof(HookPlan));
        SortedSet<int> kinds = [random.Next(6)];
        if (random.Next(4) == 0)
        {
            kinds.Add(random.Next(6));
        }

        // In this order: reading the number of pages must not meet the others, taking a lock not the interrupts.
        foreach (int kind in kinds)
        {
            Arm(kind, path, random);
        }
    }

    /// <summary>What was armed.</summary>
    public List<string> Kinds { get; } = [];

    /// <summary>Disarms everything.</summary>
    public void Dispose()
    {
        NativeSqlite.CommitHook(database.Handle, null, 0);
        parts.ForEach(part => part.Dispose());
        if (hasLimit)
        {
            using IDisposable pause = database.PauseChecks();
            database.Exec("PRAGMA max_page_count = " + NoLimit);
        }

        NativeMemory.Free(hook);
    }

    private void Arm(int kind, string path, Random random)
    {
        switch (kind)
        {
            case 0:
                LimitPages(random.Next(8));
                break;
            case 1:
                Lock(path, "BEGIN IMMEDIATE");
                break;
            case 2:
                Lock(path, random.Next(3) == 0 ? "BEGIN EXCLUSIVE" : "BEGIN; SELECT count(*) FROM sqlite_master");
                break;
            case 3:
                hook->Remaining = 1 + random.Next(3);
                Kinds.Add($"commit-{hook->Remaining}-refused");
                NativeSqlite.CommitHook(database.Handle, &Refuse, (nint)hook);
                break;
            default:
                // Most operations have some hundreds of points; the first ones are as likely as all others together.
                long point = 1 + random.NextInt64(random.Next(2) == 0 ? 60 : MaxSteps);
                StepFaultKind how = (StepFaultKind)random.Next(3);
                Kinds.Add($"{how}-at-step-{point}");
                parts.Add(new StepFault(database, point, how));
                break;
        }
    }

    private void LimitPages(int more)
    {
        using IDisposable pause = database.PauseChecks();
        long pages = (long)database.Scalar("PRAGMA page_count")!;
        database.Exec($"PRAGMA max_page_count = {pages + more}");
        hasLimit = true;
        Kinds.Add($"{more}-more-pages");
    }

    private void Lock(string path, string sql)
    {
        Database other = Database.Open(path, register: false);
        parts.Add(other);
        try
        {
            other.Exec(sql);
            Kinds.Add(sql.Replace(' ', '-'));
        }
        catch (SqlException failure) when (failure.Code == 5)
        {
            Kinds.Add("no-lock");
        }
    }

    [UnmanagedCallersOnly]
    private static int Refuse(nint argument)
    {
        HookPlan* plan = (HookPlan*)argument;
        if (plan->Remaining <= 0)
        {
            return 0;
        }

        // The first ones are let through.
        plan->Remaining--;
        plan->Refused += plan->Remaining == 0 ? 1 : 0;
        return plan->Remaining == 0 ? 1 : 0;
    }
}
