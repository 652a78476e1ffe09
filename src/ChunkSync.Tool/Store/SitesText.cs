using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>Whose changes an export has, as its head says it.</summary>
internal static class SitesText
{
    private const string Only = "only-";
    private const string AllBut = "but-";

    /// <summary>Reads what <see cref="ChunkSites.ToString"/> wrote.</summary>
    /// <returns>Whether it is such a text.</returns>
    public static bool TryParse(string text, out ChunkSites sites)
    {
        sites = ChunkSites.Own;
        if (text.StartsWith(Only, StringComparison.Ordinal) && SiteId.TryParse(text[Only.Length..], null, out SiteId one))
        {
            sites = ChunkSites.Only(one);
        }
        else if (text.StartsWith(AllBut, StringComparison.Ordinal) && SiteId.TryParse(text[AllBut.Length..], null, out SiteId other))
        {
            sites = ChunkSites.AllBut(other);
        }

        return sites.ToString() == text;
    }
}
