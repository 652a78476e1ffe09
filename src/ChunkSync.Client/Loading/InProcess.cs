using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ChunkSync.Hosting;
using SQLitePCL;

namespace ChunkSync.Client;

/// <summary>Registers the engine of this process on a connection: with the routines of the SQLite library that SQLitePCLRaw uses, found by its name where
/// the provider finds it.</summary>
internal static unsafe class InProcess
{
    /// <summary>What a provider says whose SQLite is linked into the program.</summary>
    private const string Internal = "__Internal";

    /// <summary>Registers the engine; on a connection that has it nothing happens.</summary>
    /// <exception cref="ChunkSyncException">It cannot be registered.</exception>
    public static void Load(sqlite3 handle, LoadOptions options)
    {
        ConnectionGate gate = ConnectionGate.Of(handle);
        if (gate.IsLoaded)
        {
            return;
        }

        ManagedHost.KeepFailures();
        if (options.SqliteLibrary != 0)
        {
            Register(handle, options.SqliteLibrary, "the SQLite library that was handed over");
        }
        else
        {
            LoadFromProvider(handle);
        }

        gate.IsLoaded = true;
    }

    private static void LoadFromProvider(sqlite3 handle)
    {
        string name = raw.GetNativeLibraryName();
        nint library = 0;
        if (name == Internal)
        {
            library = NativeLibrary.GetMainProgramHandle();
        }
        else
        {
            _ = NativeLibrary.TryLoad(name, typeof(raw).Assembly, null, out library);
        }

        try
        {
            if (library != 0 && IsLibraryOfProvider(library))
            {
                Register(handle, library, name);
            }
            else if (!StaticSqlite.TryRegister(handle))
            {
                throw ChunkSyncException.LoadFailed(library == 0
                    ? $"chunksync: the SQLite library {name} of SQLitePCLRaw's provider was not found; hand its handle over in LoadOptions.SqliteLibrary"
                    : $"chunksync: {name} was found, but SQLitePCLRaw's provider uses another SQLite library; hand its handle over in"
                        + " LoadOptions.SqliteLibrary");
            }
        }
        finally
        {
            // The provider keeps the library loaded; this was one more reference.
            if (library != 0 && name != Internal)
            {
                NativeLibrary.Free(library);
            }
        }
    }

    private static void Register(sqlite3 handle, nint library, string name)
    {
        ChunkSyncException.Forget();
        try
        {
            ManagedHost.Register(handle.DangerousGetHandle(), library);
            GC.KeepAlive(handle);
        }
        catch (InvalidOperationException failure)
        {
            throw ChunkSyncException.LoadFailedHere($"{name}: {failure.Message}");
        }
    }

    /// <summary>Whether a library is the very one that the provider calls: its version lies at the same address.</summary>
    private static bool IsLibraryOfProvider(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, "sqlite3_libversion", out nint export))
        {
            return false;
        }

        utf8z version = raw.sqlite3_libversion();
        ref readonly byte first = ref version.GetPinnableReference();
        return Unsafe.AreSame(in first, in *((delegate* unmanaged[Cdecl]<byte*>)export)());
    }
}
