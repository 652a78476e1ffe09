namespace ChunkSync.Probe;

/// <summary>Where the next wanted place of an ordered chain may be.</summary>
internal enum WantedPlace
{
    /// <summary>In the next chunk.</summary>
    Next,

    /// <summary>Behind chunks that can be leapt over.</summary>
    Far,

    /// <summary>Nowhere behind the last chunk.</summary>
    None,
}
