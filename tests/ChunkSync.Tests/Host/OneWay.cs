namespace ChunkSync.Tests.Host;

/// <summary>Sync from one database to another as an application does it: each time only what is newer than the watermark of the time
/// before, of all sites but the receiver's. A db_version that is given out twice shows here as a change that never arrives.</summary>
public sealed class OneWay(Database from, Database to)
{
    private long since;

    /// <summary>Sends what is new.</summary>
    /// <returns>The number of changes.</returns>
    public long Send()
    {
        List<ChunkRow> chunks = ChunkRow.Read(from,
        [
            ("since_db_version", since), ("site_id", to.Scalar("SELECT cloudsync_siteid()")), ("exclude_filter_site_id", 1L),
        ]);
        foreach (ChunkRow chunk in chunks)
        {
            to.Scalar("SELECT cloudsync_payload_apply(?)", chunk.Payload);
        }

        since = chunks.Count == 0 ? since : chunks[^1].Watermark;
        return chunks.Sum(chunk => chunk.Rows);
    }

    /// <summary>Sends both ways until nothing is new any more.</summary>
    public static void Settle(params OneWay[] links)
    {
        for (int round = 0; links.Sum(link => link.Send()) > 0; round++)
        {
            Assert.True(round < 10, "the replicas send each other something for ever");
        }
    }
}
