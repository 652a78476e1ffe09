namespace ChunkSync.Sqlite;

/// <summary>What functions and tables that are registered on a connection share: all of them get it at every call.</summary>
/// <param name="connection">The connection.</param>
internal abstract class ConnectionState(Connection connection) : IDisposable
{
    /// <summary>The connection.</summary>
    public Connection Connection { get; } = connection;

    /// <summary>SQLite has dropped the last function and table.</summary>
    public abstract void Dispose();
}
