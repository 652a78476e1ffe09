using ChunkSync.Format;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Limits;

/// <summary>Reads a window without keeping it: as one scan, or one page after the other. It counts, and gives each payload to whoever
/// wants it.</summary>
internal sealed class Drainer(long chunkSize)
{
    public delegate void ValueReader(ReadOnlySpan<byte> payload);

    private const string Columns = "payload, rows, is_final, next_db_version, next_seq, next_frag_offset, watermark_db_version";

    private (long Version, long Seq, long Offset, long Until) cursor;

    public long Chunks { get; private set; }

    public long Rows { get; private set; }

    /// <summary>FNV64 of all payloads in order.</summary>
    public ulong Checksum { get; private set; } = Fnv1a64.OffsetBasis;

    public bool IsFinal { get; private set; }

    /// <summary>Gets every payload; valid during the call.</summary>
    public ValueReader? OnPayload { get; init; }

    /// <summary>One query for the whole window.</summary>
    public void Scan(Database database)
    {
        using BoundStatement scan = new(
            database, $"SELECT {Columns} FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_chunk_size = {chunkSize}");
        while (scan.Step())
        {
            Take(scan);
        }
    }

    /// <summary>One query per chunk, to the end or so many of them.</summary>
    public void Drain(Database database, int pages = int.MaxValue)
    {
        using BoundStatement first = new(database, $"SELECT {Columns} FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_chunk_size = {chunkSize} LIMIT 1");
        using BoundStatement next = new(database, $"SELECT {Columns} FROM cloudsync_payload_chunks WHERE resume_db_version = ?1 AND resume_seq = ?2"
            + $" AND resume_frag_offset = ?3 AND until_db_version = ?4 AND max_chunk_size = {chunkSize} LIMIT 1");
        for (int page = 0; page < pages && !IsFinal; page++)
        {
            BoundStatement statement = Chunks == 0 ? first : next;
            if (Chunks > 0)
            {
                next.Bind(1, cursor.Version).Bind(2, cursor.Seq).Bind(3, cursor.Offset).Bind(4, cursor.Until);
            }

            Assert.True(statement.Step());
            Take(statement);
            statement.Reset();
        }
    }

    private unsafe void Take(BoundStatement chunk)
    {
        ReadOnlySpan<byte> payload = chunk.Blob(0);
        Fnv1a64 hash = new(Checksum);
        hash.Add(payload);
        Checksum = hash.Value;
        Chunks++;
        Rows += chunk.Int64(1);
        IsFinal = chunk.Int64(2) == 1;
        cursor = (chunk.Int64(3), chunk.Int64(4), chunk.Int64(5), chunk.Int64(6));
        OnPayload?.Invoke(payload);
    }
}
