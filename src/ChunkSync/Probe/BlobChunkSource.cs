using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>Chunks in a rowid table: headers and payloads are read by incremental blob I/O, so that what is skipped costs 32 bytes.</summary>
internal sealed unsafe class BlobChunkSource : SqlChunkSource
{
    private const int RowId = 2;
    private const int PayloadType = 3;
    private readonly IncrementalBlob blob;
    private readonly NativeBuffer payload = new();
    private bool isOpen;

    public BlobChunkSource(Connection connection, SourceName source, string ordinal, string rowId, bool hasIndex)
        : base(connection, source, ordinal, hasIndex, $", {rowId}, typeof(s.payload)") =>
        blob = new IncrementalBlob(connection, source.Schema!, source.Table!, "payload");

    public override bool HasCheapHeader => true;

    public override int ReadHeader(Span<byte> header, out long length)
    {
        OpenBlob();
        length = blob.Length;
        int read = (int)Math.Min(length, ContainerHeader.Length);
        fixed (byte* target = header)
        {
            Read(target, read);
        }

        return read;
    }

    public override byte* Open(out long length)
    {
        if (!isOpen)
        {
            payload.Clear();
            CopyTo(payload);
            isOpen = true;
        }

        length = payload.Length;
        return payload.Data;
    }

    public override void CopyTo(NativeBuffer target)
    {
        OpenBlob();
        Read(target.Reserve(blob.Length), blob.Length);
        target.Commit((long)blob.Length);
    }

    public override void Release() => isOpen = false;

    public override void Dispose()
    {
        blob.Dispose();
        payload.Dispose();
        base.Dispose();
    }

    private void OpenBlob()
    {
        ReadOnlySpan<byte> type = Row.Text(PayloadType);
        if (!type.SequenceEqual("blob"u8))
        {
            throw NoPayload(type.SequenceEqual("null"u8));
        }

        try
        {
            blob.Open(Row.Int64(RowId));
        }
        catch (EngineException failure) when (failure.Code == ResultCode.Error)
        {
            // The row is gone, or has no BLOB there any more: the same connection wrote it since its facts were read.
            throw Written();
        }
    }

    private void Read(byte* target, int length)
    {
        try
        {
            blob.Read(target, length, 0);
        }
        catch (EngineException failure) when (ResultCode.Primary(failure.Code) == ResultCode.Abort)
        {
            blob.Close();
            throw Written();
        }
    }

    private ProbeException Written() => new($"chunk {Ordinal} was written while the scan was inside of it; start the scan again");
}
