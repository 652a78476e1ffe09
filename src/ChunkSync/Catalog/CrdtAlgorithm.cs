namespace ChunkSync.Catalog;

/// <summary>The CRDT of a table (behaviour E.2).</summary>
internal enum CrdtAlgorithm
{
    /// <summary><c>cls</c>: causal-length set of rows with last-writer-wins columns.</summary>
    CausalLengthSet,

    /// <summary><c>gos</c>: rows are only added.</summary>
    GrowOnlySet,
}
