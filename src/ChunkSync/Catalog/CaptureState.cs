namespace ChunkSync.Catalog;

/// <summary>Whether the triggers of a tracked table capture its changes.</summary>
internal enum CaptureState
{
    /// <summary>They capture every change.</summary>
    Complete,

    /// <summary>They are from before columns were added. Nothing is lost: an update then counts as one of all added columns.</summary>
    Grown,

    /// <summary>One is missing or about other columns: changes are not captured, or under wrong names.</summary>
    Lost,
}
