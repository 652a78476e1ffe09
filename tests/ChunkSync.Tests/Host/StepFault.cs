using System.Runtime.InteropServices;

namespace ChunkSync.Tests.Host;

/// <summary>Interrupts what a connection does at the k-th point where SQLite asks whether to go on; until it is disposed.</summary>
internal sealed unsafe class StepFault : IDisposable
{
    private struct Plan
    {
        public long Remaining;
        public long Asked;
        public StepFaultKind Kind;
        public nint Handle;
    }

    private readonly nint handle;
    private readonly Plan* plan;
    private readonly IDisposable pause;

    /// <summary>Arms the fault.</summary>
    /// <param name="database">The connection.</param>
    /// <param name="point">Where, counted from 1.</param>
    /// <param name="kind">How.</param>
    public StepFault(Database database, long point, StepFaultKind kind)
    {
        handle = database.Handle;
        pause = database.PauseChecks();
        plan = (Plan*)NativeMemory.AllocZeroed((nuint)sizeof(Plan));
        plan->Remaining = point;
        plan->Kind = kind;
        plan->Handle = handle;

        // Every single step: SQLite asks at jumps and at the end of a statement only, which is where it can stop.
        NativeSqlite.ProgressHandler(handle, 1, &Ask, (nint)plan);
    }

    /// <summary>Whether the point was reached.</summary>
    public bool Fired => plan->Remaining <= 0;

    /// <summary>How often SQLite asked.</summary>
    public long Asked => plan->Asked;

    /// <summary>How many points an operation has; it is not interrupted.</summary>
    public static long Count(Database database, Action operation)
    {
        using StepFault fault = new(database, long.MaxValue, StepFaultKind.Once);
        operation();
        return fault.Asked;
    }

    public void Dispose()
    {
        NativeSqlite.ProgressHandler(handle, 0, null, 0);
        NativeMemory.Free(plan);
        pause.Dispose();
    }

    [UnmanagedCallersOnly]
    private static int Ask(nint argument)
    {
        Plan* plan = (Plan*)argument;
        plan->Asked++;
        plan->Remaining--;
        if (plan->Remaining > 0)
        {
            return 0;
        }

        if (plan->Kind == StepFaultKind.Interrupt)
        {
            if (plan->Remaining == 0)
            {
                NativeSqlite.Interrupt(plan->Handle);
            }

            return 0;
        }

        return plan->Remaining == 0 || plan->Kind == StepFaultKind.FromThereOn ? 1 : 0;
    }
}
