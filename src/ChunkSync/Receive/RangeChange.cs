namespace ChunkSync.Receive;

/// <summary>What a booked range did to those that were there.</summary>
internal enum RangeChange
{
    /// <summary>It touches none.</summary>
    Alone,

    /// <summary>It goes on where one ended, or lies in one.</summary>
    Appended,

    /// <summary>It comes before one, or joins two.</summary>
    Filled,
}
