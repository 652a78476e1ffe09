using System.Runtime.InteropServices;

namespace ChunkSync.Tests.Host;

/// <summary>Ends what a connection does when SQLite has run so many steps: a test of something that would not end fails, instead of
/// hanging.</summary>
internal sealed unsafe class StepBudget : IDisposable
{
    private const int Thousand = 1000;

    private readonly nint handle;
    private readonly long* left;

    /// <summary>Begins to count.</summary>
    /// <param name="database">The connection; it has no other progress handler.</param>
    /// <param name="thousands">How many thousand steps there are.</param>
    public StepBudget(Database database, long thousands)
    {
        handle = database.Handle;
        left = (long*)NativeMemory.Alloc(sizeof(long));
        *left = thousands;
        NativeSqlite.ProgressHandler(handle, Thousand, &Ask, (nint)left);
    }

    public void Dispose()
    {
        NativeSqlite.ProgressHandler(handle, 0, null, 0);
        NativeMemory.Free(left);
    }

    [UnmanagedCallersOnly]
    private static int Ask(nint argument) => --*(long*)argument < 0 ? 1 : 0;
}
