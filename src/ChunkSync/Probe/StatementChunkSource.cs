using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>Chunks in a WITHOUT ROWID table, a view or a query: ordinals and indexes alone are read for every chunk, a payload only of chunks whose
/// rows are needed, with a statement of its own. It may come from anywhere, a file for example.</summary>
internal sealed unsafe class StatementChunkSource : SqlChunkSource
{
    private readonly Statement read;
    private readonly NativeBuffer payload = new();
    private long? held;

    public StatementChunkSource(Connection connection, SourceName source, bool hasIndex)
        : base(connection, source, "s.chunk_index", hasIndex, "") =>
        read = connection.Prepare($"SELECT s.payload FROM {source.From} AS s WHERE s.chunk_index = ?1");

    public override bool HasCheapHeader => false;

    public override int ReadHeader(Span<byte> header, out long length)
    {
        byte* bytes = Open(out length);
        return CopyHeader(new ReadOnlySpan<byte>(bytes, (int)length), header);
    }

    public override byte* Open(out long length)
    {
        if (held != Ordinal)
        {
            held = null;
            payload.Clear();
            Load(payload);
            held = Ordinal;
        }

        length = payload.Length;
        return payload.Data;
    }

    public override void CopyTo(NativeBuffer target)
    {
        if (held == Ordinal)
        {
            target.Append(payload.Data, payload.Length);
        }
        else
        {
            Load(target);
        }
    }

    public override void Release() => held = null;

    public override void Dispose()
    {
        read.Dispose();
        payload.Dispose();
        base.Dispose();
    }

    private void Load(NativeBuffer target)
    {
        read.Bind(1, Ordinal);
        try
        {
            if (!read.Step())
            {
                throw new ProbeException($"chunk {Ordinal} was written while the scan was inside of it; start the scan again");
            }

            if (read.Type(0) != StorageClass.Blob)
            {
                throw NoPayload(read.IsNull(0));
            }

            target.Append(read.Blob(0));
            if (read.Step())
            {
                throw new ProbeException($"chunk_index {Ordinal} occurs more than once");
            }
        }
        finally
        {
            read.Reset();
        }
    }
}
