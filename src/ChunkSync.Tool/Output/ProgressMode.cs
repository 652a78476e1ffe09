namespace ChunkSync.Tool;

/// <summary>How progress is shown.</summary>
internal enum ProgressMode
{
    /// <summary>A bar on a terminal, nothing elsewhere.</summary>
    Auto,

    /// <summary>A bar; nothing where standard error is no terminal.</summary>
    Bar,

    /// <summary>A JSON object per line.</summary>
    Json,

    /// <summary>Nothing.</summary>
    None,
}
