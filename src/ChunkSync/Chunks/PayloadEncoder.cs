using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Chunks;

/// <summary>Collects encoded rows and finishes them as one payload of version 2 (behaviour G.1).</summary>
internal sealed unsafe class PayloadEncoder(TableCatalog catalog) : IDisposable
{
    private readonly NativeBuffer body = new();
    private uint rows;
    private int columns = -1;

    /// <summary>Appends one row of values.</summary>
    public void Add(ReadOnlySpan<Value> values)
    {
        if (columns < 0)
        {
            columns = values.Length;
        }

        if (rows == uint.MaxValue)
        {
            throw Errors.Refused("Maximum number of payload rows reached");
        }

        rows++;
        foreach (Value value in values)
        {
            WireValue wire = StoredValue.Read(value);
            body.Commit(ValueCodec.Write(body.Reserve(ValueCodec.MaxHeader + wire.Length), wire));
        }
    }

    /// <summary>Makes room for a row of that encoded size and counts it; returns where it goes. <see cref="Commit"/> ends it.</summary>
    public byte* BeginRow(long size)
    {
        columns = ChangeRowCodec.Columns;
        rows++;
        return body.Reserve(size);
    }

    /// <summary>Ends what <see cref="BeginRow"/> began.</summary>
    public void Commit(byte* end) => body.Commit(end);

    /// <summary>The finished payload in memory of <see cref="Sqlite3.Allocate"/>, which the caller frees or hands over.</summary>
    public byte* Finish(out long payloadLength)
    {
        if (body.Length > PayloadContainer.MaxBody)
        {
            throw Errors.Refused("cloudsync_error[payload_too_large]: cloudsync_encode: payload too large to compress (INT_MAX limit)");
        }

        // Read first: where that fails there is no memory to give back yet.
        ulong schemaHash = (ulong)catalog.Schema.CurrentHash();
        byte* payload = Sqlite3.Allocate(ContainerHeader.Length + (long)Lz4.Bound((int)body.Length));
        payloadLength = PayloadContainer.Finish(
            payload, body.Data, (int)body.Length, ContainerHeader.RowsVersion, Math.Max(columns, 0), rows, schemaHash);
        return payload;
    }

    public void Dispose()
    {
        body.Dispose();
    }
}
