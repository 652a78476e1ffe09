using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Faults;

/// <summary>One call, or a few that belong together. Run twice from the same state it ends in the same state.</summary>
/// <param name="Name">How a report calls it.</param>
/// <param name="Kind">How the counts call it.</param>
/// <param name="Do">Does it; throws what the database throws.</param>
internal sealed record MixedOperation(string Name, string Kind, Action<Database> Do)
{
    /// <summary>Whether a failure may leave the rows before the failing one: so it is with <c>cloudsync_payload_apply</c>.</summary>
    public bool MayStopHalfWay => Kind == "applies";

    /// <summary>Statements.</summary>
    public static MixedOperation Sql(string kind, string sql) => new(sql, kind, database => database.Exec(sql));

    /// <summary>Applies a chunk.</summary>
    public static MixedOperation Apply(ChunkRow chunk, string sender) => new(
        $"apply {chunk.Describe()} of {sender}", "applies", database => database.Run("SELECT cloudsync_payload_apply(?)", chunk.Payload));

    /// <summary>Receives a chunk.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <param name="site">Its sender's site id.</param>
    /// <param name="from">The cursor that it was asked for with.</param>
    public static MixedOperation Receive(ChunkRow chunk, byte[] site, (long DbVersion, long Seq, long Offset) from) => new(
        $"receive from {from} {chunk.Describe()}", "receives", database => database.Run(
            "SELECT cloudsync_payload_receive(?, ?, ?, ?, ?, ?, ?, ?, ?)", chunk.Payload, site, from.DbVersion, from.Seq, from.Offset,
            chunk.NextDbVersion, chunk.NextSeq, chunk.NextOffset, chunk.IsFinal));
}
