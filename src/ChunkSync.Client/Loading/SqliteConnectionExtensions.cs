using System.Data;
using Microsoft.Data.Sqlite;

namespace ChunkSync.Client;

/// <summary>ChunkSync on connections of Microsoft.Data.Sqlite.</summary>
public static class SqliteConnectionExtensions
{
    /// <summary>Puts the engine on a connection, now if it is open, and at every open: connections from the pool have it already, and it costs nothing there.</summary>
    /// <param name="connection">The connection, open or closed.</param>
    /// <param name="options">How; in process unless they say otherwise.</param>
    /// <returns>The same connection.</returns>
    /// <exception cref="ChunkSyncException">It cannot be loaded; the message says why.</exception>
    public static SqliteConnection LoadChunkSync(this SqliteConnection connection, LoadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(connection);
        options ??= LoadOptions.Default;
        if (options.UseNativeLibrary)
        {
            // The connection remembers it for every open.
            connection.LoadExtension(NativeAsset.Find(options.NativeLibraryPath));
            return connection;
        }

        if (options.SqliteLibrary != 0)
        {
            connection.StateChange += (sender, change) => Opened(sender, change, options);
        }
        else
        {
            connection.StateChange -= LoadAtOpen;
            connection.StateChange += LoadAtOpen;
        }

        if (connection.State == ConnectionState.Open)
        {
            InProcess.Load(connection.Handle!, options);
        }

        return connection;
    }

    /// <summary>The API on a connection: a view, which owns nothing.</summary>
    /// <param name="connection">The connection, with <see cref="LoadChunkSync"/>; it must be open when the view is used.</param>
    public static SyncDatabase ChunkSync(this SqliteConnection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return new SyncDatabase(connection);
    }

    private static void LoadAtOpen(object? sender, StateChangeEventArgs change) => Opened(sender, change, LoadOptions.Default);

    private static void Opened(object? sender, StateChangeEventArgs change, LoadOptions options)
    {
        if (change.CurrentState != ConnectionState.Open || sender is not SqliteConnection connection)
        {
            return;
        }

        try
        {
            InProcess.Load(connection.Handle!, options);
        }
        catch
        {
            // Open fails: nobody expects an open connection behind that.
            connection.Close();
            throw;
        }
    }
}
