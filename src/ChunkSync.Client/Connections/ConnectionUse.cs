using SQLitePCL;

namespace ChunkSync.Client;

/// <summary>A connection while one call has it.</summary>
internal readonly struct ConnectionUse : IDisposable
{
    private readonly ConnectionGate gate;

    public ConnectionUse(sqlite3 handle)
    {
        Handle = handle;
        gate = ConnectionGate.Of(handle);
        gate.Enter();
    }

    public sqlite3 Handle { get; }

    public void Dispose() => gate.Leave();
}
