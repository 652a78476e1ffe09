using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ChunkSync.Sqlite;

namespace ChunkSync.Session;

/// <summary>Refuses to work in a process that was forked after the engine had been loaded. A fork takes one thread along: the .NET
/// runtime would wait for the others at its next collection, and SQLite does not allow connections to be carried over either.</summary>
internal static partial class ForkedProcess
{
    /// <summary>The process that loaded the engine first; 0 before that.</summary>
    private static int loader;

    /// <summary>Remembers the process, once.</summary>
    public static void Remember()
    {
        if (!OperatingSystem.IsWindows() && loader == 0)
        {
            loader = ProcessId();
        }
    }

    /// <summary>Called when an operation begins, not per row: asking for the process is a system call.</summary>
    /// <exception cref="EngineException">SQLITE_MISUSE: this process is a fork.</exception>
    public static void Refuse()
    {
        if (!OperatingSystem.IsWindows() && loader != 0 && ProcessId() != loader)
        {
            throw Errors.Misuse("this process was forked after chunksync had been loaded: load it after the fork only,"
                + " in each process, or start processes anew instead of forking them");
        }
    }

    /// <summary>Never a part of its callers: the library of a call without a transition is loaded when the caller is compiled, and Windows has no such one.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int ProcessId() => GetProcessId();

    [LibraryImport("libc", EntryPoint = "getpid")]
    [SuppressGCTransition]
    private static partial int GetProcessId();
}
