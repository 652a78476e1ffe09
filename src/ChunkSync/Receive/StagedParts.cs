using ChunkSync.Merge;
using ChunkSync.Sqlite;

namespace ChunkSync.Receive;

/// <summary>Which parts of a long value are kept until it is whole. Parts of different cuts do not make a value, and the engine drops
/// parts that have waited too long: what is booked inside a value must not be more than what is kept of the cut that goes
/// on.</summary>
internal sealed class StagedParts
{
    private readonly Statement part;
    private readonly Statement parts;

    public StagedParts(Connection connection)
    {
        const string Table = "main.cloudsync_payload_fragments";
        part = connection.Prepare($"SELECT part_count, length(fragment) FROM {Table} WHERE value_id = ?1 AND part_index = ?2");
        parts = connection.Prepare($"SELECT part_index FROM {Table} WHERE value_id = ?1 ORDER BY part_index");
    }

    /// <summary>The runs [first, end) of parts that are not kept, of the cut that a part just received belongs to; none when the value
    /// is whole, or newer than the part.</summary>
    public List<(long First, long End)> Missing(in FragmentRow received)
    {
        List<(long First, long End)> missing = [];
        string group = received.ValueId + ":" + received.PartSize;
        if (!Has(group, received))
        {
            group = received.ValueId;
            if (!Has(group, received))
            {
                return missing;
            }
        }

        long expected = 0;
        parts.Bind(1, group);
        while (parts.Step())
        {
            long index = parts.Int64(0);
            if (index > expected)
            {
                missing.Add((expected, index));
            }

            expected = index + 1;
        }

        parts.Reset();
        if (expected < received.PartCount)
        {
            missing.Add((expected, received.PartCount));
        }

        return missing;
    }

    /// <summary>Count and length tell one cut from another.</summary>
    private bool Has(string group, in FragmentRow received)
    {
        part.Bind(1, group).Bind(2, received.PartIndex);
        bool found = part.Step() && part.Int64(0) == received.PartCount && part.Int64(1) == received.DataLength;
        part.Reset();
        return found;
    }
}
