namespace ChunkSync.Frontier;

/// <summary>One operation: a node goes to a place.</summary>
/// <param name="Stamp">When and where it was made.</param>
/// <param name="Node">The node.</param>
/// <param name="Place">Its new place.</param>
internal readonly record struct TreeOperation(OperationStamp Stamp, long Node, TreePlace Place);
