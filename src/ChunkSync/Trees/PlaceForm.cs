namespace ChunkSync.Trees;

/// <summary>What a fold writes into a row.</summary>
internal enum PlaceForm
{
    /// <summary>The row's place.</summary>
    Place,

    /// <summary>No parent, and the position of its place.</summary>
    Root,

    /// <summary>No parent, and the position that it has.</summary>
    Clear,
}
