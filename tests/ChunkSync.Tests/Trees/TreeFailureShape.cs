namespace ChunkSync.Tests.Trees;

/// <summary>The tables whose folds are made to fail.</summary>
public enum TreeFailureShape
{
    /// <summary>No constraint.</summary>
    Plain,

    /// <summary>A foreign key on the parent, parents that are not here.</summary>
    ForeignKey,

    /// <summary>Names that are unique in a folder, and change places.</summary>
    Unique,

    /// <summary>No position column.</summary>
    WithoutPosition,
}
