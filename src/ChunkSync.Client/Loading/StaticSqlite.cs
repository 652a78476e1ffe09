using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ChunkSync.Hosting;
using ChunkSync.Sqlite;
using SQLitePCL;

namespace ChunkSync.Client;

/// <summary>A SQLite that is linked into the program has no exports. It hands its table of routines to automatic extensions of connections that are opened: one is
/// installed, a connection to nothing is opened, and it is taken back.</summary>
internal static unsafe partial class StaticSqlite
{
    private const string Library = "e_sqlite3";

    private static readonly Lock Gate = new();
    private static nint table;

    /// <summary>Registers the engine with the routines that SQLite hands out; false where it hands out none.</summary>
    /// <exception cref="ChunkSyncException">They are not good enough.</exception>
    public static bool TryRegister(sqlite3 handle)
    {
        nint routines = Find();
        if (routines == 0)
        {
            return false;
        }

        ChunkSyncException.Forget();
        try
        {
            ManagedHost.Register(handle.DangerousGetHandle(), (SqliteApi*)routines);
            GC.KeepAlive(handle);
            return true;
        }
        catch (InvalidOperationException failure)
        {
            throw ChunkSyncException.LoadFailedHere($"{Library}: {failure.Message}");
        }
    }

    private static nint Find()
    {
        lock (Gate)
        {
            if (table != 0)
            {
                return table;
            }

            delegate* unmanaged[Cdecl]<nint, byte**, nint, int> entry = &Entry;
            try
            {
                if (AutoExtension((nint)entry) != raw.SQLITE_OK)
                {
                    return 0;
                }
            }
            catch (Exception failure) when (failure is DllNotFoundException or EntryPointNotFoundException)
            {
                return 0;
            }

            try
            {
                if (raw.sqlite3_open(":memory:", out sqlite3 nothing) == raw.SQLITE_OK)
                {
                    nothing.Dispose();
                }
            }
            finally
            {
                _ = CancelAutoExtension((nint)entry);
            }

            return table;
        }
    }

    /// <summary>What SQLite calls at the open of a connection, of other threads, too; anything but 0 would be an error there.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Entry(nint connection, byte** message, nint routines)
    {
        table = routines;
        return raw.SQLITE_OK;
    }

    [LibraryImport(Library, EntryPoint = "sqlite3_auto_extension")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial int AutoExtension(nint entry);

    [LibraryImport(Library, EntryPoint = "sqlite3_cancel_auto_extension")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial int CancelAutoExtension(nint entry);
}
