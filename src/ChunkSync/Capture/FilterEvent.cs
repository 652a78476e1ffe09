namespace ChunkSync.Capture;

/// <summary>What a TEMP trigger of a table with a filter saw.</summary>
internal enum FilterEvent
{
    /// <summary>A row is about to be inserted; with REPLACE, the one that has its key goes.</summary>
    Inserting,
    Inserted,
    Updated,
    Deleted,

    /// <summary>A row is about to get a key by UPDATE; with REPLACE, the one that has it goes.</summary>
    Moving,
}
