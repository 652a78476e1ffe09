using ChunkSync.Keys;
using ChunkSync.Session;

namespace ChunkSync.Diagnostics;

/// <summary>D24: what a sender sent in a range that was booked brought changes that won, and nothing newer of them has come since.</summary>
/// <remarks>A chunk that comes late, behind the answer to a second question for its range, brings changes that have moved on at the sender:
/// newer ones of the same cells come behind it, or have come from others.</remarks>
internal sealed class BookedNews() : FindingCheck("D24", Severity.Error)
{
    public override void Run(CheckContext context)
    {
        foreach (object?[] row in context.Rows("SELECT key, value FROM main.cloudsync_settings WHERE key >= ?1 AND key < ?2 ORDER BY key",
            Settings.BookedNews, Settings.BookedNews[..^1] + ';'))
        {
            string site = ((string)row[0]!)[Settings.BookedNews.Length..];
            List<BookedChange> changes = BookedChange.Parse(row[1] as string);
            bool isDamaged = changes.Count == 0;
            changes.RemoveAll(change => change.IsSuperseded(context));
            if (changes.Count == 0 && !isDamaged)
            {
                continue;
            }

            string example = isDamaged ? "" : $" (table {changes[0].Table}, key {KeyText.Describe(changes[0].Key)})";
            context.Add(isDamaged ? null : changes[0].Table, $"x'{site}'", Math.Max(1, changes.Count), $"what this sender sent in a range that had arrived before brought changes that"
                + $" won{example}: its file was restored or copied, or a chunk of it came very late, and then the sender's next changes end this. The cure asks it for everything once"
                + " more; at the sender, SELECT cloudsync_new_site()", $"SELECT cloudsync_receive_forget(x'{site}')");
        }
    }
}
