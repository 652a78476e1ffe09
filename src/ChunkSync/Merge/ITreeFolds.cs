using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>What an apply does for tables that are trees: operations that came with it are folded in at its end, inside its transaction.</summary>
internal interface ITreeFolds
{
    /// <summary>Whether a tree has a foreign key to itself: a child may come before its parent, so keys are looked at when the transaction ends.</summary>
    bool NeedsDeferredKeys { get; }

    /// <summary>Folds in what is pending, each tree in a savepoint of its own.</summary>
    /// <param name="call">The call: where it keeps what is refused, a row that is refused its place is put to the root and listed.</param>
    /// <param name="triesAll">Whether all rows that were refused before are tried again, and not only some.</param>
    /// <returns>Why that failed, with the tree as before and everything that came kept; null when it did not. Outside a transaction a trigger of the
    /// user's has rolled everything back.</returns>
    EngineException? FoldAll(MergeCall call, bool triesAll = false);

    /// <summary>How many rows were refused their places and are listed.</summary>
    long CountRefused();

    /// <summary>The rows that were refused their places, with the columns of <c>cloudsync_waiting</c>; null where no table is a tree. The reader
    /// disposes it.</summary>
    Statement? OpenRefused();
}
