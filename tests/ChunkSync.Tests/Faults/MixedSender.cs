using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Faults;

/// <summary>A replica that writes now and then and whose chunks wait to be taken by the one that is hit by faults.</summary>
internal sealed class MixedSender : IDisposable
{
    private readonly string name;
    private readonly bool isReceived;
    private readonly Queue<MixedOperation> waiting = new();
    private long sent;

    /// <summary>A new replica.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="isReceived">Whether its chunks are taken with <c>cloudsync_payload_receive</c>.</param>
    public MixedSender(string name, bool isReceived)
    {
        this.name = name;
        this.isReceived = isReceived;
        Database = Database.Open();
        Database.Exec(MixedHistory.Schema);
    }

    public Database Database { get; }

    /// <summary>Whether all that was written has been taken.</summary>
    public bool IsDone => waiting.Count == 0;

    /// <summary>Writes, and cuts what was written into chunks.</summary>
    public void Write(Random random)
    {
        for (int i = random.Next(4); i >= 0; i--)
        {
            Database.Exec(MixedHistory.Write(random, name));
        }

        byte[] site = (byte[])Database.Scalar("SELECT cloudsync_siteid()")!;
        (long DbVersion, long Seq, long Offset) from = (sent + 1, 0, 0);
        foreach (ChunkRow chunk in ChunkRow.Read(Database, [("since_db_version", sent), ("max_chunk_size", 262_144)]))
        {
            waiting.Enqueue(isReceived ? MixedOperation.Receive(chunk, site, from) : MixedOperation.Apply(chunk, name));
            from = (chunk.NextDbVersion, chunk.NextSeq, chunk.NextOffset);
        }

        sent = (long)Database.Scalar("SELECT cloudsync_db_version()")!;
    }

    /// <summary>The next chunk to take. It waits until <see cref="Took"/>.</summary>
    public MixedOperation Next() => waiting.Peek();

    /// <summary>The chunk was taken.</summary>
    public void Took() => waiting.Dequeue();

    public void Dispose() => Database.Dispose();
}
