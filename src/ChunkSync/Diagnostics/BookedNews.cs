using ChunkSync.Session;

namespace ChunkSync.Diagnostics;

/// <summary>D24: what a sender sent in a range that was booked brought changes that won.</summary>
internal sealed class BookedNews() : FindingCheck("D24", Severity.Error)
{
    public override void Run(CheckContext context)
    {
        foreach (object?[] row in context.Rows("SELECT key, value FROM main.cloudsync_settings WHERE key >= ?1 AND key < ?2 ORDER BY key",
            Settings.BookedNews, Settings.BookedNews[..^1] + ';'))
        {
            string site = ((string)row[0]!)[Settings.BookedNews.Length..];
            if (Suspicion.Parse(row[1] as string) is Suspicion found)
            {
                context.Add(found.Table.Length == 0 ? null : found.Table, $"x'{site}'", found.Count, "what this sender sent in a range that had arrived before brought changes that won: its"
                    + " file was restored or copied. The cure asks it for everything once more; at the sender, SELECT cloudsync_new_site()", $"SELECT cloudsync_receive_forget(x'{site}')");
            }
        }
    }
}
