namespace ChunkSync.Diagnostics;

/// <summary>D10: parts of long values that have waited for the others for more than a day.</summary>
internal sealed class OldParts() : FindingCheck("D10", Severity.Info)
{
    private const int Day = 86_400;

    public override void Run(CheckContext context)
    {
        const string Table = "main.cloudsync_payload_fragments";
        if (!context.HasTable("cloudsync_payload_fragments"))
        {
            return;
        }

        // From value to value: the parts themselves are long.
        List<object?[]> old = context.Rows($"WITH RECURSIVE ids(id) AS (SELECT min(value_id) FROM {Table} UNION ALL"
            + $" SELECT (SELECT min(value_id) FROM {Table} WHERE value_id > id) FROM ids WHERE id IS NOT NULL)"
            + $" SELECT id FROM ids WHERE id IS NOT NULL AND (SELECT created_at FROM {Table} WHERE value_id = id LIMIT 1) < ?1", context.Now - Day);
        if (old.Count > 0)
        {
            context.Add(null, old[0][0] as string, old.Count, "parts of values wait for the rest since more than a day; they are dropped when the next part comes, and"
                + " cloudsync_receive_gaps then asks for them again", $"DELETE FROM cloudsync_payload_fragments WHERE created_at < CAST(strftime('%s', 'now') AS INTEGER) - {Day}");
        }
    }
}
