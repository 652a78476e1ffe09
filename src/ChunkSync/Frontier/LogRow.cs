namespace ChunkSync.Frontier;

/// <summary>An operation that counts, as the log keeps it.</summary>
/// <param name="Operation">The operation.</param>
/// <param name="Undo">Where its node was before it: stored, because the operation before it may have had no effect.</param>
/// <param name="IsEffective">Whether it moved its node; else its parent lay below the node.</param>
internal readonly record struct LogRow(TreeOperation Operation, TreePlace Undo, bool IsEffective)
{
    /// <summary>Where the node is behind it.</summary>
    public TreePlace After => IsEffective ? Operation.Place : Undo;
}
