namespace ChunkSync.Changes;

/// <summary>What a scan's lower bound names.</summary>
internal enum ScanStart
{
    /// <summary>The first row of a db_version.</summary>
    Version,

    /// <summary>The first row of a position (db_version, seq).</summary>
    Position,

    /// <summary>One row at a position, by table, pk and col_name.</summary>
    Row,
}
