using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>The change rows of an opened payload, one after the other.</summary>
internal unsafe struct PayloadRows(OpenedPayload payload)
{
    private ValueReader reader = new(payload.Body, payload.BodyLength);
    private long row;

    /// <summary>Whether all rows can be decoded, and their numbers be taken: nothing is applied of a payload where one cannot. Does nothing
    /// when they were checked before.</summary>
    /// <exception cref="EngineException">Names the row and the byte offset in the uncompressed body, or the field and its value.</exception>
    public static void Check(OpenedPayload payload)
    {
        if (payload.HasCheckedRows)
        {
            return;
        }

        PayloadRows rows = new(payload);
        for (uint i = 0; i < payload.Header.Rows; i++)
        {
            rows.Read(out ChangeRow change);
            ChangeNumbers.Check(change, PayloadErrors.Operation);
        }

        payload.HasCheckedRows = true;
    }

    /// <summary>Reads the next row.</summary>
    /// <exception cref="EngineException">The row is malformed.</exception>
    public void Read(out ChangeRow change)
    {
        if (!ChangeRowCodec.TryRead(ref reader, ChangeRowUse.Merge, out change, out ChangeRowFault fault))
        {
            throw PayloadErrors.BadRow(fault, row);
        }

        row++;
    }
}
