using ChunkSync.Sqlite;

namespace ChunkSync.Frontier;

/// <summary>What is wrong with stored nodes.</summary>
internal static class NodeErrors
{
    /// <summary>The stored nodes lead in a circle, which no fold writes.</summary>
    public static EngineException StoredCycle() => Errors.Corrupt("the nodes of a tree are damaged: they lead in a circle; cloudsync_tree_ensure with 'rebuild' makes them anew");
}
