namespace ChunkSync.Changes;

/// <summary>Which sites' changes a scan shows.</summary>
internal enum SiteFilter
{
    /// <summary>All.</summary>
    All,

    /// <summary>Only the given site.</summary>
    Only,

    /// <summary>All but the given site.</summary>
    Except,

    /// <summary>None: the site is not known here.</summary>
    None,
}
