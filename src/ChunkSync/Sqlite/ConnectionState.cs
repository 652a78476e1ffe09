namespace ChunkSync.Sqlite;

/// <summary>What functions and tables that are registered on a connection share: all of them get it at every call.</summary>
/// <param name="connection">The connection.</param>
internal abstract unsafe class ConnectionState(Connection connection) : IDisposable
{
    /// <summary>The connection.</summary>
    public Connection Connection { get; } = connection;

    /// <summary>What SQLite holds of this, while it holds something.</summary>
    public NativeState* Native { get; set; }

    /// <summary>SQLite has dropped the last function and table.</summary>
    public abstract void Dispose();
}
