using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>What an apply does for tables that are trees: operations that came with it are folded in at its end, inside its transaction.</summary>
internal interface ITreeFolds
{
    /// <summary>Whether a tree has a foreign key to itself: a child may come before its parent, so keys are looked at when the transaction ends.</summary>
    bool NeedsDeferredKeys { get; }

    /// <summary>Folds in what is pending, in a savepoint of its own.</summary>
    /// <returns>Why that failed, with all trees as before and everything that came kept; null when it did not.</returns>
    EngineException? FoldAll();
}
