using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>Hits on their way into a payload: all of one payload version and schema hash, up to the size of a page.</summary>
internal sealed unsafe class PayloadStaging(long maxSize, bool keepsBytes) : IDisposable
{
    private long bodyLength;

    /// <summary>The rows' bytes; empty when payloads are not read.</summary>
    public NativeBuffer Body { get; } = new();

    public long Rows { get; private set; }

    public byte Version { get; private set; }

    public ulong SchemaHash { get; private set; }

    public bool IsEmpty => Rows == 0;

    /// <summary>Bytes that still fit; a first row goes in whatever its length.</summary>
    public long Room => maxSize - ContainerHeader.Length - bodyLength;

    /// <summary>Whether rows of that payload may join what is staged.</summary>
    public bool Fits(in ContainerHeader header) => IsEmpty || (Version == header.Version && SchemaHash == header.SchemaHash);

    /// <summary>Appends rows that follow each other.</summary>
    public void Append(in ContainerHeader header, byte* rows, long bytes, long count)
    {
        if (IsEmpty)
        {
            Version = header.Version;
            SchemaHash = header.SchemaHash;
        }

        if (keepsBytes)
        {
            Body.Append(rows, bytes);
        }

        bodyLength += bytes;
        Rows += count;
    }

    /// <summary>Begins the next payload.</summary>
    public void Clear()
    {
        Body.Clear();
        bodyLength = 0;
        Rows = 0;
    }

    public void Dispose() => Body.Dispose();
}
