using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>An attempt of a call cannot go on, and what the call has learned is in its <see cref="MergeCall"/>: everything is undone, and the
/// call begins anew.</summary>
/// <param name="failure">What the call fails with where it cannot.</param>
internal sealed class AttemptFailedException(EngineException failure) : Exception(failure.Message)
{
    /// <summary>What the call fails with where it cannot begin anew.</summary>
    public EngineException Failure { get; } = failure;
}
