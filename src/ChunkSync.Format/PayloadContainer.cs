namespace ChunkSync.Format;

/// <summary>Finishes payloads: header and body together (format A.1, A.2).</summary>
internal static unsafe class PayloadContainer
{
    /// <summary>The longest body, uncompressed (format A.2).</summary>
    public const long MaxBody = int.MaxValue;

    /// <summary>Writes a payload.</summary>
    /// <param name="target">At least <see cref="ContainerHeader.Length"/> + <see cref="Lz4.Bound"/> bytes.</param>
    /// <param name="body">The uncompressed rows.</param>
    /// <param name="length">Their length.</param>
    /// <param name="version">The payload version.</param>
    /// <param name="columns">Values per row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="schemaHash">The writer's schema hash.</param>
    /// <param name="compress">Whether the body is compressed where that makes it shorter.</param>
    /// <returns>The payload's length.</returns>
    public static long Finish(
        byte* target, byte* body, int length, byte version, int columns, uint rows, ulong schemaHash, bool compress = true)
    {
        byte* stored = target + ContainerHeader.Length;
        int compressed = compress && length <= Lz4.MaxInput ? Lz4.Compress(body, length, stored, Lz4.Bound(length)) : 0;
        bool raw = compressed <= 0 || compressed > length;
        if (raw)
        {
            Buffer.MemoryCopy(body, stored, length, length);
        }

        int storedLength = raw ? length : compressed;
        ContainerHeader header = new()
        {
            Version = version,
            ExpandedSize = raw ? 0 : (uint)length,
            Columns = (ushort)columns,
            Rows = rows,
            SchemaHash = schemaHash,
            Checksum = ContainerHeader.Low48(Fnv1a64.Of(stored, storedLength)),
        };
        header.Write(new Span<byte>(target, ContainerHeader.Length));
        return ContainerHeader.Length + (long)storedLength;
    }
}
