using System.Runtime.InteropServices;

namespace ChunkSync.Tests.Host;

/// <summary>Counts what all statements of a connection do, nested ones and those that are gone afterwards too; until it is disposed.</summary>
internal sealed unsafe class StatementMeter : IDisposable
{
    private struct Counts
    {
        public long Steps;
        public long Seeks;
        public long Runs;
        public long Writes;
        public long NewClocks;
    }

    private const uint Profile = 2;
    private const int VmStep = 4;
    private readonly nint handle;
    private readonly Counts* counts;

    public StatementMeter(Database database)
    {
        handle = database.Handle;
        counts = (Counts*)NativeMemory.AllocZeroed((nuint)sizeof(Counts));
        for (nint statement = NativeSqlite.NextStatement(handle, 0); statement != 0; statement = NativeSqlite.NextStatement(handle, statement))
        {
            _ = NativeSqlite.StatementStatus(statement, VmStep, 1);
        }

        _ = NativeSqlite.Trace(handle, Profile, &Ended, (nint)counts);
    }

    /// <summary>The steps of SQLite's virtual machine of all runs that have ended.</summary>
    public long VmSteps => counts->Steps;

    /// <summary>The runs of statements that end in LIMIT 1: looks for one row.</summary>
    public long Seeks => counts->Seeks;

    /// <summary>The runs of statements that have ended, without pragmas: a table-valued pragma is one for each row that it is joined with.</summary>
    public long Runs => counts->Runs;

    /// <summary>The runs of statements that have ended and write one row of a user's table, as merges do.</summary>
    public long Writes => counts->Writes;

    /// <summary>The runs of statements that have ended and write first clock rows of keys.</summary>
    public long NewClocks => counts->NewClocks;

    /// <summary>The steps of one statement that is run to its end.</summary>
    public static long StepsOf(Database database, string sql)
    {
        using StatementMeter meter = new(database);
        database.Query(sql);
        return meter.VmSteps;
    }

    public void Dispose()
    {
        _ = NativeSqlite.Trace(handle, 0, null, 0);
        NativeMemory.Free(counts);
    }

    [UnmanagedCallersOnly]
    private static int Ended(uint kind, nint argument, nint statement, nint time)
    {
        Counts* counts = (Counts*)argument;
        counts->Steps += NativeSqlite.StatementStatus(statement, VmStep, 1);
        ReadOnlySpan<byte> sql = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(NativeSqlite.Sql(statement));
        counts->Runs += sql.StartsWith("PRAGMA"u8) ? 0 : 1;
        counts->Seeks += sql.EndsWith(" LIMIT 1"u8) ? 1 : 0;
        counts->Writes += sql.StartsWith("INSERT INTO main.\""u8) || sql.StartsWith("UPDATE main.\""u8) ? 1 : 0;
        counts->NewClocks += sql.StartsWith("INSERT OR IGNORE INTO main.\""u8) ? 1 : 0;
        return 0;
    }
}
