namespace ChunkSync.Sqlite;

/// <summary>SQLite's client data of one registered module.</summary>
internal unsafe struct ModuleSlot
{
    /// <summary>What the connection's tables share; counted.</summary>
    public NativeState* State;

    /// <summary>The <see cref="System.Runtime.InteropServices.GCHandle"/> of the <see cref="ModuleDefinition"/>.</summary>
    public nint Definition;
}
