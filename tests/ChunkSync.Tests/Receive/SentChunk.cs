using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Receive;

/// <summary>A chunk on its way, with the cursor that it was asked for with. A null payload: the sender found nothing.</summary>
internal sealed record SentChunk((long V, long S, long O) From, (long V, long S, long O) Next, bool IsFinal, byte[]? Payload)
{
    private const string Function = "SELECT cloudsync_payload_receive(?, ?, ?, ?, ?, ?, ?, ?, ?)";

    /// <summary>Where the part that the chunk covers ends.</summary>
    public (long V, long S, long O) End => IsFinal ? (Next.V + 1, 0, 0) : Next;

    /// <summary>The chunks of a window behind a db_version; 0 for no upper end.</summary>
    public static List<SentChunk> Window(Database sender, (string Column, object? Value)[] stream, long since, long until = 0) =>
        Follow((since + 1, 0, 0), ChunkRow.Read(sender, [.. stream, ("since_db_version", since), ("until_db_version", until)]));

    /// <summary>What a sender answers to a gap; an empty answer is a chunk without a payload.</summary>
    public static List<SentChunk> Answer(Database sender, (string Column, object? Value)[] stream, object?[] gap)
    {
        (long V, long S, long O) from = ((long)gap[1]!, (long)gap[2]!, (long)gap[3]!);
        List<SentChunk> chunks = Follow(from, ChunkRow.Read(
            sender,
            [.. stream, ("resume_db_version", from.V), ("resume_seq", from.S), ("resume_frag_offset", from.O), ("until_db_version", gap[4])]));
        return chunks.Count == 0 && gap[4] is long until ? [new SentChunk(from, (until, 0, 0), true, null)] : chunks;
    }

    /// <summary>Receives the chunk.</summary>
    public object? Receive(Database receiver, byte[] site) => receiver.Scalar(
        Function, Payload, site, From.V, From.S, From.O, Next.V, Next.S, Next.O, IsFinal ? 1 : 0);

    public override string ToString() => $"{From} to {Next}{(IsFinal ? " final" : "")}{(Payload == null ? " empty" : "")}";

    private static List<SentChunk> Follow((long V, long S, long O) from, List<ChunkRow> rows)
    {
        List<SentChunk> chunks = [];
        foreach (ChunkRow row in rows)
        {
            chunks.Add(new SentChunk(from, (row.NextDbVersion, row.NextSeq, row.NextOffset), row.IsFinal, row.Payload));
            from = chunks[^1].Next;
        }

        return chunks;
    }
}
