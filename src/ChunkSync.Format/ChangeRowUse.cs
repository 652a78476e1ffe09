namespace ChunkSync.Format;

/// <summary>What a change row is read for, which decides what of an unusual row is accepted.</summary>
internal enum ChangeRowUse
{
    /// <summary>Every value counts: col_name is TEXT, BLOB or NULL, and numbers of other storage classes are converted as SQLite does, for
    /// rows of writers that were less strict.</summary>
    Merge,

    /// <summary>The row is found and passed on as it is: db_version and seq are INTEGERs; col_name, col_version and cl can be anything.</summary>
    Probe,
}
