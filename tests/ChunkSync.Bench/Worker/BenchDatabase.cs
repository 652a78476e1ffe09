using System.Runtime.InteropServices;
using ChunkSync.Hosting;

namespace ChunkSync.Bench.Worker;

/// <summary>A connection of a benchmark, with the engine under test loaded.</summary>
internal sealed unsafe class BenchDatabase : IDisposable
{
    /// <summary>Stands for the engine registered in process, where managed allocations can be counted.</summary>
    public const string InProcess = "in-process";

    private const int OpenReadWriteCreate = 6;
    private const int CacheMisses = 8;
    private const int VmSteps = 4;

    [ThreadStatic]
    private static Dictionary<string, long>? counted;

    private readonly bool hasEngine;
    private nint handle;

    /// <param name="path">The database file.</param>
    /// <param name="library">The extension, <see cref="InProcess"/>, or null for plain SQLite.</param>
    public BenchDatabase(string path, string? library)
    {
        Check(Native.Open(path, out handle, OpenReadWriteCreate, 0));
        // Durability costs the same for everybody and is mostly noise: what is measured is work.
        Exec("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF");
        hasEngine = library != null;
        if (library == InProcess)
        {
            ManagedHost.Register(handle, Native.SqliteLibrary);
        }
        else if (library != null)
        {
            Check(Native.EnableLoadExtension(handle, 1));
            Check(Native.LoadExtension(handle, library, null, out _));
        }
    }

    public void Exec(string sql) => Check(Native.Exec(handle, sql, 0, 0, 0));

    public BenchStatement Prepare(string sql)
    {
        Check(Native.Prepare(handle, sql, -1, out nint statement, 0));
        return new BenchStatement(this, statement);
    }

    public long Scalar(string sql)
    {
        using BenchStatement statement = Prepare(sql);
        return statement.Step() ? statement.Int64(0) : 0;
    }

    /// <summary>Virtual machine steps of all statements that are prepared now, and sets them to 0.</summary>
    public long TakeVmSteps()
    {
        long steps = 0;
        for (nint statement = Native.NextStatement(handle, 0); statement != 0; statement = Native.NextStatement(handle, statement))
        {
            steps += Native.StatementStatus(statement, VmSteps, 1);
        }

        return steps;
    }

    /// <summary>Virtual machine steps of all statements that run and end meanwhile, nested ones too.</summary>
    public long CountVmSteps(Action work)
    {
        const uint Profile = 2;
        long steps = 0;
        TakeVmSteps();
        Check(Native.Trace(handle, Profile, &Ended, (nint)(&steps)));
        work();
        Check(Native.Trace(handle, 0, null, 0));
        return steps;
    }

    /// <summary>How often statements run, by their text: those that end meanwhile, nested ones too.</summary>
    public Dictionary<string, long> CountStatements(Action work)
    {
        const uint Profile = 2;
        Dictionary<string, long> runs = [];
        counted = runs;
        Check(Native.Trace(handle, Profile, &Counted, 0));
        work();
        Check(Native.Trace(handle, 0, null, 0));
        counted = null;
        return runs;
    }

    /// <summary>Pages read from the file into the cache since the last call.</summary>
    public long TakePagesRead()
    {
        _ = Native.DbStatus(handle, CacheMisses, out int misses, out _, 1);
        return misses;
    }

    public InvalidOperationException Failure() =>
        new("SQLite: " + Marshal.PtrToStringUTF8((nint)Native.ErrorMessage(handle)));

    public void Dispose()
    {
        if (handle == 0)
        {
            return;
        }

        if (Native.Close(handle) != 0 && hasEngine)
        {
            // sqlite-sync keeps statements prepared until it is told to let go.
            _ = Native.Exec(handle, "SELECT cloudsync_terminate()", 0, 0, 0);
            _ = Native.Close(handle);
        }

        handle = 0;
    }

    [UnmanagedCallersOnly]
    private static int Ended(uint kind, nint steps, nint statement, nint time)
    {
        *(long*)steps += Native.StatementStatus(statement, VmSteps, 1);
        return 0;
    }

    [UnmanagedCallersOnly]
    private static int Counted(uint kind, nint argument, nint statement, nint time)
    {
        string text = Marshal.PtrToStringUTF8((nint)Native.StatementText(statement)) ?? "";
        counted![text] = counted.GetValueOrDefault(text) + 1;
        return 0;
    }

    private void Check(int code)
    {
        if (code != 0)
        {
            throw Failure();
        }
    }
}
