namespace ChunkSync.Frontier;

/// <summary>What is stored of a node.</summary>
/// <param name="Place">Where it is.</param>
/// <param name="WasParent">Whether any operation has ever named it as a parent: one that was not is on nobody's way up.</param>
internal readonly record struct NodeState(TreePlace Place, bool WasParent);
