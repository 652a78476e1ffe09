using System.Runtime.CompilerServices;
using SQLitePCL;

namespace ChunkSync.Client;

/// <summary>What is known of a connection: whether the engine is on it, and whether a call is running.</summary>
/// <remarks>The table from connections to this is weak: it keeps nothing alive, and goes with the connection.</remarks>
internal sealed class ConnectionGate
{
    private static readonly ConditionalWeakTable<sqlite3, ConnectionGate> Gates = [];

    private int isBusy;

    /// <summary>Whether the engine of this assembly was registered.</summary>
    public bool IsLoaded { get; set; }

    public static ConnectionGate Of(sqlite3 handle) => Gates.GetValue(handle, static _ => new ConnectionGate());

    /// <summary>Begins a call.</summary>
    /// <exception cref="InvalidOperationException">Another one is running.</exception>
    public void Enter()
    {
        if (Interlocked.Exchange(ref isBusy, 1) != 0)
        {
            throw new InvalidOperationException(
                "another call of ChunkSync is running on this connection: await it first, or use a connection for each task");
        }
    }

    public void Leave() => Volatile.Write(ref isBusy, 0);
}
