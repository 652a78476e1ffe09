using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>Which tables have changes in a chunk.</summary>
internal sealed class ChunkContents
{
    private readonly SortedSet<string> tables = new(StringComparer.Ordinal);

    /// <summary>The tables, by name.</summary>
    public IReadOnlyList<string> Tables => [.. tables];

    /// <summary>The column of its last change: the one, in a chunk of one change.</summary>
    public string? Column { get; private set; }

    /// <summary>Reads the positions of a window, without values, and gives them to its chunks. Inside the transaction of the plan.</summary>
    /// <param name="file">The database.</param>
    /// <param name="window">The window.</param>
    /// <param name="plan">Its chunks.</param>
    public static List<ChunkContents> Read(DatabaseFile file, ChunkWindow window, SendPlan plan)
    {
        List<ChunkContents> contents = [.. plan.Chunks.Select(_ => new ChunkContents())];
        (string condition, byte[] site) = Sites(file, window);
        int first = 0;
        foreach (QueryRow row in file.Rows(
            $"SELECT db_version, seq, tbl, col_name FROM cloudsync_changes WHERE db_version >= ?1 AND db_version <= ?2 AND {condition}",
            window.From.DbVersion, plan.Watermark, site))
        {
            ChunkCursor position = new(row.Number(0), row.Number(1), 0);
            while (first + 1 < contents.Count && plan.Chunks[first].Next <= position)
            {
                first++;
            }

            // A long value lies in several chunks.
            for (int i = first; i < contents.Count && IsIn(plan.Chunks[i], position); i++)
            {
                contents[i].tables.Add(row.Text(2) ?? "");
                contents[i].Column = row.Text(3);
            }
        }

        return contents;
    }

    /// <summary>The condition of a window's sites in <c>cloudsync_changes</c>, and its ?3.</summary>
    public static (string Condition, byte[] Site) Sites(DatabaseFile file, ChunkWindow window) => window.Sites switch
    {
        { HasSite: false } => ("site_id = ?3", file.Sync.Site.ToByteArray()),
        { IsExcluded: true } => ("site_id <> ?3", window.Sites.Site.ToByteArray()),
        _ => ("site_id = ?3", window.Sites.Site.ToByteArray()),
    };

    /// <summary>Behind a final chunk the next window begins: it has all that is left.</summary>
    private static bool IsIn(PlannedChunk chunk, ChunkCursor position) =>
        (chunk.Next > position || chunk.IsFinal) && chunk.From <= position with { Offset = long.MaxValue };
}
