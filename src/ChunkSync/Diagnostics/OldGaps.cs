namespace ChunkSync.Diagnostics;

/// <summary>D13: holes in what a sender has sent, older than a day.</summary>
internal sealed class OldGaps() : FindingCheck("D13", Severity.Warning)
{
    private const int Day = 86_400;

    public override void Run(CheckContext context)
    {
        foreach ((string site, long since) in context.Gaps.Read())
        {
            if (since < context.Now - Day)
            {
                context.Add(null, $"x'{site}'", 1, $"a part of this sender's changes is missing since {DateTimeOffset.FromUnixTimeSeconds(since):yyyy-MM-dd}: ask for what"
                    + $" cloudsync_receive_gaps(x'{site}') shows. If the sender is gone for good, what is recorded of it can be forgotten",
                    $"SELECT cloudsync_receive_forget(x'{site}')");
            }
        }
    }
}
