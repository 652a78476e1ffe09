using ChunkSync.Tests.Host;
using ChunkSync.Tests.Merge;

namespace ChunkSync.Tests.Histories;

/// <summary>A window of changes on its way.</summary>
/// <param name="Name">The name of its files in the script.</param>
/// <param name="From">The number of the sender.</param>
/// <param name="Site">The sender's site id.</param>
/// <param name="Chunks">Its chunks, each with the cursor that it was asked for with.</param>
/// <param name="Changes">The same as change rows.</param>
/// <param name="IsOwn">Whether it has the sender's own changes alone: a stream that can be booked.</param>
/// <param name="Watermark">Up to which db_version it goes; 0 when it is empty.</param>
internal sealed record Window(
    string Name, int From, byte[] Site, List<WindowChunk> Chunks, List<NaiveChange> Changes, bool IsOwn, long Watermark)
{
    /// <summary>Asks a database for a window.</summary>
    /// <param name="database">The sender.</param>
    /// <param name="name">The window's name.</param>
    /// <param name="from">The sender's number.</param>
    /// <param name="since">Behind which db_version it begins.</param>
    /// <param name="own">Only the sender's own changes.</param>
    /// <param name="small">Chunks of the smallest size.</param>
    public static Window Read(Database database, string name, int from, long since, bool own, bool small)
    {
        byte[] site = (byte[])database.Scalar("SELECT cloudsync_siteid()")!;
        (long, long, long) cursor = (since + 1, 0, 0);
        List<WindowChunk> chunks = [];
        long watermark = 0;
        foreach (ChunkRow row in ChunkRow.Read(database, Inputs(since, own, small)))
        {
            chunks.Add(new WindowChunk(row.Payload, cursor, (row.NextDbVersion, row.NextSeq, row.NextOffset), row.IsFinal));
            cursor = chunks[^1].Next;
            watermark = row.Watermark;
        }

        List<NaiveChange> changes = NaiveChange.Read(database, own ? "db_version > ? AND site_id = cloudsync_siteid()" : "db_version > ?", since);
        return new Window(name, from, site, chunks, changes, own, watermark);
    }

    /// <summary>The query of <see cref="Read"/> for the script: it writes one file for each chunk.</summary>
    public static string Sql(string name, long since, bool own, bool small) =>
        $"SELECT writefile('{name}-' || chunk_index || '.bin', payload) FROM cloudsync_payload_chunks WHERE since_db_version = {since}"
        + (own ? "" : " AND site_id = zeroblob(16) AND exclude_filter_site_id = 1") + (small ? " AND max_chunk_size = 262144" : "");

    private static List<(string Column, object? Value)> Inputs(long since, bool own, bool small)
    {
        List<(string, object?)> inputs = [("since_db_version", since)];
        if (!own)
        {
            inputs.AddRange([("site_id", new byte[16]), ("exclude_filter_site_id", 1)]);
        }

        if (small)
        {
            inputs.Add(("max_chunk_size", 262_144));
        }

        return inputs;
    }
}
