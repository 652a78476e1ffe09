namespace ChunkSync.Tests.Histories;

/// <summary>A chunk of a <see cref="Window"/>: its payload, and the cursors (db_version, seq, offset) before and behind it.</summary>
internal sealed record WindowChunk(byte[] Payload, (long Version, long Seq, long Offset) From, (long Version, long Seq, long Offset) Next, bool IsFinal)
{
    /// <summary>The schema hash of the sender (format A.1).</summary>
    public long SchemaHash => System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(Payload.AsSpan(18));

    /// <summary>Whether it is a part of a value: its schema hash is not checked.</summary>
    public bool IsPart => Payload[4] == 3;
}
