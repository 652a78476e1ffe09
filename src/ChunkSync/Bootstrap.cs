using ChunkSync.Capture;
using ChunkSync.Sqlite;

namespace ChunkSync;

/// <summary>What an extension entry point does: registers the engine on a host's connection. The native library and managed
/// hosts come the same way.</summary>
internal static unsafe class Bootstrap
{
    /// <summary>The body of <c>sqlite3_extension_init</c>.</summary>
    /// <param name="db">The <c>sqlite3*</c>, which stays the host's.</param>
    /// <param name="errorMessage">Where an error text in memory of <c>sqlite3_malloc</c> goes; may be null.</param>
    /// <param name="api">The host's <c>sqlite3_api_routines</c>, which must outlive the connection.</param>
    /// <returns>SQLITE_OK_LOAD_PERMANENTLY: the .NET runtime cannot be unloaded; or an error code.</returns>
    public static int Load(nint db, byte** errorMessage, void* api)
    {
        try
        {
            Register(db, (SqliteApi*)api);
            return ResultCode.OkLoadPermanently;
        }
        catch (Exception failure)
        {
            // The message needs a table of routines to be allocated with: the host's own, even when it was refused.
            return Sqlite3.Api == null ? Guard.MessageWith((SqliteApi*)api, errorMessage, failure) : Guard.Message(errorMessage, failure);
        }
    }

    private static void Register(nint db, SqliteApi* api)
    {
        int version = api->libversion_number();
        if (version < Sqlite3.MinimumVersion)
        {
            throw new EngineException(ResultCode.Error, $"chunksync needs SQLite 3.35.0 or newer, this is {version / 1_000_000}.{version / 1000 % 1000}.{version % 1000}");
        }

        Sqlite3.Attach(api);
        Connection connection = new(db);
        if (IsLoaded(connection))
        {
            Sqlite3.Detach();
            return;
        }

        Replica replica = new(connection);
        NativeState* state = NativeState.Create(replica);
        try
        {
            foreach (ModuleDefinition module in Registration.Modules)
            {
                ModuleRegistry.Register(connection, state, module);
            }

            foreach (FunctionDefinition function in Registration.Functions)
            {
                FunctionRegistry.Register(connection, state, function);
            }

            DatabaseUpgrade.Run(replica);
        }
        finally
        {
            NativeState.Release(state);
        }
    }

    /// <summary>True when the connection has the engine already: a second load changes nothing.</summary>
    /// <remarks>The probe is prepared and never run. A SELECT would make newer releases of SQLite (3.50 does) read the schema first, and
    /// so wait for whoever holds the file; this statement looks the function up, and nothing else.</remarks>
    private static bool IsLoaded(Connection connection)
    {
        using Statement probe = connection.Prepare("VACUUM INTO chunksync_version()");
        try
        {
            _ = probe.Handle;
            return true;
        }
        catch (EngineException failure) when (failure.Code == ResultCode.Error)
        {
            return false;
        }
    }
}
