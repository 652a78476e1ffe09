namespace ChunkSync.Format;

/// <summary>How a long value is cut into parts (format B.3, B.4): every part carries <see cref="PartSize"/> bytes of the value's
/// encoding, the last one what is left.</summary>
internal readonly struct FragmentPlan
{
    /// <summary>Reserve kept free in a chunk: a row is fragmented when it would fill more than the chunk less this.</summary>
    public const int Reserve = 16384;

    /// <summary>The plan is recomputed at most this often while the widest part number changes the room.</summary>
    private const int MaxRounds = 8;

    private FragmentPlan(long partSize, long totalSize)
    {
        PartSize = partSize;
        TotalSize = totalSize;
        PartCount = (totalSize + partSize - 1) / partSize;
    }

    /// <summary>Bytes of the encoding in every part but the last; 0 when there is no room for any.</summary>
    public long PartSize { get; }

    public long PartCount { get; }

    /// <summary>The length of the value's whole encoding.</summary>
    public long TotalSize { get; }

    /// <summary>True when a row of that encoded size does not go into a chunk as it is.</summary>
    public static bool IsOversized(long encodedRow, long maxChunkSize) =>
        encodedRow + ContainerHeader.Length + Reserve > maxChunkSize;

    /// <summary>Plans a value.</summary>
    /// <param name="totalSize">Length of the value's encoding.</param>
    /// <param name="otherColumns">Encoded size of tbl, pk, col_version, db_version, site_id, cl and seq together.</param>
    /// <param name="columnName">Byte length of the real column name.</param>
    /// <param name="maxChunkSize">The chunk size.</param>
    /// <param name="plan">The plan; without room, one with part size 0.</param>
    /// <returns>False when a chunk has no room for data beside the row's other values.</returns>
    public static bool TryMake(long totalSize, long otherColumns, int columnName, long maxChunkSize, out FragmentPlan plan)
    {
        plan = default;
        long size = Room(0, 1, totalSize, otherColumns, columnName, maxChunkSize);
        if (size <= 0)
        {
            return false;
        }

        for (int round = 0; round < MaxRounds; round++)
        {
            long count = (totalSize + size - 1) / size;
            long next = Room(count - 1, count, totalSize, otherColumns, columnName, maxChunkSize);
            if (next <= 0)
            {
                return false;
            }

            if (next == size)
            {
                break;
            }

            size = next;
        }

        plan = new FragmentPlan(size, totalSize);
        Check.That(plan.PartCount > 0 && (plan.PartCount - 1) * size < totalSize);
        return true;
    }

    private static long Room(long index, long count, long totalSize, long otherColumns, int columnName, long maxChunkSize)
    {
        long name = FragmentName.LengthOf(index, count, totalSize, columnName);
        long fixedSize = ContainerHeader.Length + otherColumns + ValueCodec.SizeOfBytes(name);
        if (fixedSize >= maxChunkSize)
        {
            return 0;
        }

        long room = maxChunkSize - fixedSize;
        while (room > 0)
        {
            long encoded = ValueCodec.SizeOfBytes(room);
            if (fixedSize + encoded <= maxChunkSize)
            {
                return room;
            }

            long excess = fixedSize + encoded - maxChunkSize;
            if (excess >= room)
            {
                return 0;
            }

            room -= excess;
        }

        return 0;
    }
}
