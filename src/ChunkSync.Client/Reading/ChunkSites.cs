namespace ChunkSync.Client;

/// <summary>Whose changes a window has.</summary>
public readonly record struct ChunkSites
{
    private ChunkSites(bool isGiven, bool isExcluded, SiteId site)
    {
        HasSite = isGiven;
        IsExcluded = isExcluded;
        Site = site;
    }

    /// <summary>Those that were made in this database: the default.</summary>
    public static ChunkSites Own => default;

    /// <summary>Whether a site is named.</summary>
    public bool HasSite { get; }

    /// <summary>Whether the site's changes are left out, and all others are there.</summary>
    public bool IsExcluded { get; }

    /// <summary>The site; empty for <see cref="Own"/>.</summary>
    public SiteId Site { get; }

    /// <summary>Those of one site.</summary>
    /// <param name="site">The site.</param>
    public static ChunkSites Only(SiteId site) => new(true, false, site);

    /// <summary>Those of all sites but one: what a server sends to that one.</summary>
    /// <param name="site">The site.</param>
    public static ChunkSites AllBut(SiteId site) => new(true, true, site);

    /// <summary><c>own</c>, <c>only-HEX</c> or <c>but-HEX</c>.</summary>
    public override string ToString() => !HasSite ? "own" : (IsExcluded ? "but-" : "only-") + Site;

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    internal static bool TryParse(ReadOnlySpan<char> text, out ChunkSites sites)
    {
        sites = default;
        int dash = text.IndexOf('-');
        if (dash < 0 || !SiteId.TryParse(text[(dash + 1)..], null, out SiteId site))
        {
            return text is "own";
        }

        sites = new ChunkSites(true, text[..dash] is "but", site);
        return text[..dash] is "but" or "only";
    }
}
