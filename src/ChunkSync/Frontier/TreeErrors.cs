using ChunkSync.Sqlite;

namespace ChunkSync.Frontier;

/// <summary>The failures of tree tables that more than one place reports.</summary>
internal static class TreeErrors
{
    /// <summary>The stored nodes lead in a circle, which no fold writes.</summary>
    public static EngineException StoredCycle() => Errors.Corrupt("the nodes of a tree are damaged: they lead in a circle; cloudsync_tree_ensure with 'rebuild' makes them anew");
}
