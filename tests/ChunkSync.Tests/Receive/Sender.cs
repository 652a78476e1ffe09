using ChunkSync.Tests.Chunks;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Receive;

/// <summary>A database that sends windows of a random history. Either rows of it share positions and it stays as it is, or it sends its own
/// changes alone and goes on between the windows, so that values move behind what was sent.</summary>
internal sealed class Sender : IDisposable
{
    /// <summary>The history's tables.</summary>
    public const string Schema = RandomHistory.Schema;

    private const int WindowsOfAll = 3;
    private const int Transactions = 15;
    private const int LongValues = 4;

    private readonly RandomHistory history;
    private readonly bool isFrozen;
    private long sent;

    public Sender(Random random)
    {
        Database = Database.Open();
        Database.Exec(Schema);
        Site = (byte[])Database.Scalar("SELECT cloudsync_siteid()")!;
        history = new RandomHistory(random, Database);
        isFrozen = random.Next(2) == 0;
        Stream = isFrozen
            ? [("max_chunk_size", 262_144), ("site_id", new byte[16]), ("exclude_filter_site_id", 1)]
            : [("max_chunk_size", 262_144)];
        if (isFrozen)
        {
            history.Run(Transactions * WindowsOfAll, LongValues * WindowsOfAll);
        }
    }

    public Database Database { get; }

    public byte[] Site { get; }

    /// <summary>The inputs that every query of the stream has.</summary>
    public (string Column, object? Value)[] Stream { get; }

    /// <summary>The bookkeeping that the receiver should have of this sender.</summary>
    public NaiveRanges Model { get; } = new();

    /// <summary>The last position of the stream.</summary>
    public (long V, long S) Last => Database.Query(
        "SELECT db_version, seq FROM cloudsync_changes" + (isFrozen ? "" : " WHERE site_id = cloudsync_siteid()") + " ORDER BY 1 DESC, 2 DESC LIMIT 1")
        .Select(row => ((long)row[0]!, (long)row[1]!)).Single();

    /// <summary>The window behind what was sent before.</summary>
    public List<SentChunk> Send(bool isLast)
    {
        if (!isFrozen)
        {
            history.Run(Transactions, LongValues);
        }

        long until = isFrozen && !isLast ? sent + (Last.V / WindowsOfAll) : 0;
        List<SentChunk> chunks = SentChunk.Window(Database, Stream, sent, until);
        sent = chunks.Count == 0 ? sent : chunks[^1].Next.V;
        return chunks;
    }

    /// <summary>The gaps that a receiver has of this sender.</summary>
    public List<object?[]> Gaps(Database receiver) => receiver.Query("SELECT * FROM cloudsync_receive_gaps(?)", Site);

    public void Dispose() => Database.Dispose();
}
