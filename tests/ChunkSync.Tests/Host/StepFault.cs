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
        public bool OnlyWhileWriterStands;
    }

    private readonly nint handle;
    private readonly Plan* plan;
    private readonly IDisposable pause;

    /// <summary>Arms the fault.</summary>
    /// <param name="database">The connection.</param>
    /// <param name="point">Where, counted from 1.</param>
    /// <param name="kind">How.</param>
    /// <param name="onlyWhileWriterStands">Counts only the points at which the engine's standing writer has given its row and is not at its end.</param>
    public StepFault(Database database, long point, StepFaultKind kind, bool onlyWhileWriterStands = false)
    {
        handle = database.Handle;
        pause = database.PauseChecks();
        plan = (Plan*)NativeMemory.AllocZeroed((nuint)sizeof(Plan));
        plan->Remaining = point;
        plan->Kind = kind;
        plan->Handle = handle;
        plan->OnlyWhileWriterStands = onlyWhileWriterStands;

        // Every single step: SQLite asks at jumps and at the end of a statement only, which is where it can stop.
        NativeSqlite.ProgressHandler(handle, 1, &Ask, (nint)plan);
    }

    /// <summary>Whether the point was reached.</summary>
    public bool Fired => plan->Remaining <= 0;

    /// <summary>How often SQLite asked.</summary>
    public long Asked => plan->Asked;

    /// <summary>How many points an operation has; it is not interrupted.</summary>
    public static long Count(Database database, Action operation, bool onlyWhileWriterStands = false)
    {
        using StepFault fault = new(database, long.MaxValue, StepFaultKind.Once, onlyWhileWriterStands);
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
        if (plan->OnlyWhileWriterStands && !WriterStands(plan->Handle))
        {
            return 0;
        }

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

    private static bool WriterStands(nint handle)
    {
        for (nint statement = NativeSqlite.NextStatement(handle, 0); statement != 0; statement = NativeSqlite.NextStatement(handle, statement))
        {
            if (NativeSqlite.StatementBusy(statement) != 0
                && MemoryMarshal.CreateReadOnlySpanFromNullTerminated(NativeSqlite.Sql(statement)).StartsWith("INSERT INTO chunksync_transaction"u8))
            {
                return true;
            }
        }

        return false;
    }
}
