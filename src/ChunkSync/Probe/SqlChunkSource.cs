using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>Chunks in a table, view or query: one statement over ordinals and indexes, which touches no payload. How a payload is reached is the
/// subclass's.</summary>
internal abstract unsafe class SqlChunkSource : IChunkSource
{
    /// <summary>What is neither NULL nor an index: one that is malformed.</summary>
    private static ReadOnlySpan<byte> NoIndex => "?"u8;

    private readonly Statement facts;
    private readonly Statement first;
    private readonly Statement last;
    private bool isRead;
    private long? lastOrdinal;
    private bool hasOrdinal;

    /// <param name="connection">The connection.</param>
    /// <param name="source">What the chunks are read from.</param>
    /// <param name="ordinal">The expression of the ordinal.</param>
    /// <param name="hasIndex">Whether there is a column payload_index.</param>
    /// <param name="more">Further result columns, each with a comma before it.</param>
    protected SqlChunkSource(Connection connection, SourceName source, string ordinal, bool hasIndex, string more)
    {
        string index = hasIndex ? "s.payload_index" : "NULL";
        string from = $"FROM {source.From} AS s";
        facts = connection.Prepare(
            $"SELECT {ordinal}, {index}{more} {from} WHERE {ordinal} >= ?1 AND {ordinal} <= ?2 ORDER BY {ordinal}");
        first = connection.Prepare($"SELECT {ordinal} {from} ORDER BY {ordinal} LIMIT 1");
        last = connection.Prepare($"SELECT {ordinal} {from} ORDER BY {ordinal} DESC LIMIT 1");
    }

    public long? Last
    {
        get
        {
            if (!isRead)
            {
                isRead = true;
                _ = ReadEnd(first);
                lastOrdinal = ReadEnd(last);
            }

            return lastOrdinal;
        }
    }

    public long Ordinal { get; private set; }

    public ReadOnlySpan<byte> Index => facts.Type(1) switch
    {
        StorageClass.Null => default,
        StorageClass.Blob when facts.Blob(1) is { IsEmpty: false } index => index,
        _ => NoIndex,
    };

    public abstract bool HasCheapHeader { get; }

    /// <summary>The statement, on the current chunk's row; columns from 2 on are the subclass's.</summary>
    protected Statement Row => facts;

    public bool Seek(long ordinal)
    {
        if (Last is not long end || ordinal > end)
        {
            return false;
        }

        facts.Reset();
        facts.Bind(1, ordinal).Bind(2, end);
        hasOrdinal = false;
        return MoveNext();
    }

    public bool MoveNext()
    {
        if (!facts.Step())
        {
            facts.Reset();
            return false;
        }

        if (facts.Type(0) != StorageClass.Integer)
        {
            throw new ProbeException("chunk_index is not an INTEGER");
        }

        long ordinal = facts.Int64(0);
        if (hasOrdinal && ordinal == Ordinal)
        {
            throw new ProbeException($"chunk_index {ordinal} occurs more than once");
        }

        Ordinal = ordinal;
        hasOrdinal = true;
        return true;
    }

    public abstract int ReadHeader(Span<byte> header, out long length);

    public abstract byte* Open(out long length);

    public abstract void CopyTo(NativeBuffer target);

    public abstract void Release();

    public virtual void Dispose()
    {
        facts.Dispose();
        first.Dispose();
        last.Dispose();
    }

    /// <summary>The error of a chunk whose payload has that type.</summary>
    protected static DamagedChunkException NoPayload(bool isNull) => new(isNull ? "no payload" : "payload is not a BLOB");

    /// <summary>Copies the first bytes of a payload.</summary>
    protected static int CopyHeader(ReadOnlySpan<byte> payload, Span<byte> header)
    {
        int read = Math.Min(payload.Length, ContainerHeader.Length);
        payload[..read].CopyTo(header);
        return read;
    }

    private static long? ReadEnd(Statement end)
    {
        try
        {
            return !end.Step() ? null
                : end.Type(0) == StorageClass.Integer ? end.Int64(0)
                : throw new ProbeException("chunk_index is not an INTEGER");
        }
        finally
        {
            end.Reset();
        }
    }
}
