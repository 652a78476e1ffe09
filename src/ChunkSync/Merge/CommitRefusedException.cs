using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>The rows of a payload were merged, and the commit was refused: a deferred foreign key, or another connection in the
/// way. The transaction has been rolled back.</summary>
internal sealed class CommitRefusedException(EngineException failure) : Exception(failure.Message)
{
    /// <summary>What the commit said.</summary>
    public EngineException Failure { get; } = failure;
}
