using ChunkSync.Session;
using ChunkSync.Sql;
using ChunkSync.Sqlite;
using ChunkSync.Tracking;

namespace ChunkSync.Hosting;

/// <summary>What an extension entry point does: registers the engine on a host's connection. The native library and managed
/// hosts come the same way.</summary>
internal static unsafe class Bootstrap
{
    /// <summary>The function that is registered last: where it is, everything is.</summary>
    private const string Marker = "chunksync_version";

    /// <summary>What a connection says on which registration failed and could not be taken back.</summary>
    private const string Incomplete = "chunksync could not be loaded completely on this connection: close it and load on a new one";

    /// <summary>The body of <c>sqlite3_extension_init</c>.</summary>
    /// <param name="db">The <c>sqlite3*</c>, which stays the host's.</param>
    /// <param name="errorMessage">Where an error text in memory of <c>sqlite3_malloc</c> goes; may be null.</param>
    /// <param name="api">The host's <c>sqlite3_api_routines</c>, which must outlive the connection.</param>
    /// <param name="prepare">What the entry point has to do before, or null; what it throws is an error of the load.</param>
    /// <returns>SQLITE_OK_LOAD_PERMANENTLY: the .NET runtime cannot be unloaded; or an error code, and nothing is registered.</returns>
    public static int Load(nint db, byte** errorMessage, void* api, delegate*<void> prepare = null)
    {
        // Nothing to make a message with.
        if (api == null || ((SqliteApi*)api)->libversion_number == null)
        {
            return ResultCode.Misuse;
        }

        try
        {
            if (prepare != null)
            {
                prepare();
            }

            Register(db, (SqliteApi*)api);
            return ResultCode.OkLoadPermanently;
        }
        catch (Exception failure)
        {
            return Guard.MessageWith((SqliteApi*)api, errorMessage, failure);
        }
    }

    /// <summary>The message about a SQLite library that lacks a routine.</summary>
    public static string MissingRoutine(string name) =>
        $"chunksync needs {name}, which this library does not have: it is not SQLite, or one that was built without it";

    private static void Register(nint db, SqliteApi* api)
    {
        int version = api->libversion_number();
        if (version < Sqlite3.MinimumVersion)
        {
            throw Errors.Refused($"chunksync needs SQLite 3.35.0 or newer, this is {version / 1_000_000}.{version / 1000 % 1000}.{version % 1000}");
        }

        if (SqliteRoutines.Missing(api, version) is string missing)
        {
            throw Errors.Refused(MissingRoutine(missing));
        }

        if (db == 0)
        {
            throw Errors.Misuse("chunksync cannot be loaded: the connection is null");
        }

        ForkedProcess.Refuse();
        ForkedProcess.Remember();
        Sqlite3.Attach(api);
        NativeState* state;
        Connection connection = null!;
        try
        {
            connection = new Connection(db);
            if (IsLoaded(connection))
            {
                Sqlite3.Detach();
                return;
            }

            state = NativeState.Create(new Engine(connection, Registration.Modules));
        }
        catch
        {
            Sqlite3.Detach();
            throw;
        }

        // From here on the replica detaches when the last reference to it is gone.
        try
        {
            RegisterAll(connection, state);
        }
        finally
        {
            NativeState.Release(state);
        }
    }

    private static void RegisterAll(Connection connection, NativeState* state)
    {
        try
        {
            foreach (ModuleDefinition module in Registration.Modules)
            {
                ModuleRegistry.Register(connection, state, module);
            }

            FunctionDefinition? marker = null;
            foreach (FunctionDefinition function in Registration.Functions)
            {
                if (function.Name == Marker)
                {
                    marker = function;
                    continue;
                }

                FunctionRegistry.Register(connection, state, function);
            }

            DatabaseUpgrade.Run(((Engine)state->Target).Tracker);
            FunctionRegistry.Register(connection, state, marker!);
        }
        catch (EngineException failure) when (ResultCode.Primary(failure.Code) == ResultCode.Busy)
        {
            Withdraw(connection);
            throw failure.With(
                ": functions of a load that failed, or of sqlite-sync, are there already; load chunksync alone, on a new connection");
        }
        catch
        {
            Withdraw(connection);
            throw;
        }
    }

    /// <summary>Takes back what was registered. SQLite lets no function go while a statement runs, as in
    /// <c>SELECT load_extension(…)</c>: those that stay refuse to work.</summary>
    private static void Withdraw(Connection connection)
    {
        connection.Refusal = Incomplete;
        connection.ReleaseStatements();
        foreach (ModuleDefinition module in Registration.Modules)
        {
            ModuleRegistry.Unregister(connection, module.Name);
        }

        foreach (FunctionDefinition function in Registration.Functions)
        {
            FunctionRegistry.Unregister(connection, function);
        }
    }

    /// <summary>True when the connection has the engine already: a second load changes nothing.</summary>
    /// <remarks>The probe is prepared and never run. A SELECT would make newer releases of SQLite (3.50 does) read the schema first, and
    /// so wait for whoever holds the file; this statement looks the function up, and nothing else.</remarks>
    private static bool IsLoaded(Connection connection)
    {
        using Statement probe = connection.Prepare($"VACUUM INTO {Marker}()");
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
