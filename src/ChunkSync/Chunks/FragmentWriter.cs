using ChunkSync.Changes;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Chunks;

/// <summary>Writes the parts of one long value (format B). The value is encoded as V = lead byte, length, data; a part is a piece
/// of V, read where it lies.</summary>
internal sealed unsafe class FragmentWriter(IChangeSource source) : IDisposable
{
    private const int HashBlock = 256 * 1024;

    private byte* hashBuffer;
    private FragmentPlan plan;
    private FragmentIdentity identity;
    private bool hasIdentity;

    /// <summary>The plan of the value in progress.</summary>
    public FragmentPlan Plan => plan;

    /// <summary>Plans the current change's value.</summary>
    /// <exception cref="EngineException">SQLITE_TOOBIG: the row cannot be cut, because its key or names are too long or its value
    /// is no TEXT or BLOB.</exception>
    public void Begin(in ChangeRow change, long maxChunkSize)
    {
        hasIdentity = false;
        bool canCut = change.Value.Kind is WireKind.Text or WireKind.Blob;
        if (!canCut || !FragmentPlan.TryMake(
            ValueCodec.SizeOf(change.Value), ChangeRowCodec.SizeOfRest(change), change.ColumnLength, maxChunkSize, out plan))
        {
            throw new EngineException(ResultCode.TooBig, "string or blob too big: a change of table "
                + Text(change.Table, change.TableLength) + ", column " + Text(change.Column, change.ColumnLength)
                + $", has a key of {change.KeyLength} bytes, which leaves no room in a chunk of {maxChunkSize} bytes");
        }
    }

    /// <summary>Appends the fragment row that carries bytes [offset, offset + length) of V.</summary>
    public void Write(ChunkBody body, in ChangeRow change, long offset, int length)
    {
        if (!hasIdentity)
        {
            identity = Identify(change);
            hasIdentity = true;
        }

        Check.That(offset % plan.PartSize == 0 && length == Math.Min(plan.PartSize, plan.TotalSize - offset));
        long index = offset / plan.PartSize;
        int nameLength = (int)FragmentName.LengthOf(index, plan.PartCount, plan.TotalSize, change.ColumnLength);
        long size = ChangeRowCodec.SizeOfRest(change) + ValueCodec.SizeOfBytes(nameLength) + ValueCodec.SizeOfBytes(length);
        byte* at = body.Reserve(size);
        byte* start = at;
        at = ChangeRowCodec.WriteKey(at, change);
        at = ValueCodec.WriteBytesHeader(at, ValueCodec.Text, nameLength);
        FragmentName.Write(
            new Span<byte>(at, nameLength), identity, index, plan, change.ColumnName);
        at = ValueCodec.WriteBytesHeader(at + nameLength, ValueCodec.Blob, length);
        CopyEncoding(change, offset, at, length);
        at = ChangeRowCodec.WriteVersions(at + length, change);
        Check.That(at - start == size);
        body.Commit(at);
    }

    /// <summary>The encoded size of that fragment row.</summary>
    public long SizeOf(in ChangeRow change, long offset, int length) =>
        ChangeRowCodec.SizeOfRest(change) + ValueCodec.SizeOfBytes(length) + ValueCodec.SizeOfBytes(
            FragmentName.LengthOf(offset / plan.PartSize, plan.PartCount, plan.TotalSize, change.ColumnLength));

    public void Dispose()
    {
        Sqlite3.Free(hashBuffer);
        hashBuffer = null;
    }

    private static string Text(byte* utf8, int length) => System.Text.Encoding.UTF8.GetString(utf8, Math.Min(length, 256));

    private FragmentIdentity Identify(in ChangeRow change)
    {
        if (!source.TryRecallChecksum(out ulong checksum))
        {
            checksum = Checksum(change);
            source.RememberChecksum(checksum);
        }

        return FragmentIdentity.Of(
            change.TableName, change.KeyBlob, change.ColumnName, change.SiteId, change.ColumnVersion, change.DbVersion, change.CausalLength, change.Seq, checksum, plan.TotalSize);
    }

    /// <summary>FNV64 of V in one pass.</summary>
    private ulong Checksum(in ChangeRow change)
    {
        byte* header = stackalloc byte[ValueCodec.MaxHeader];
        byte* headerEnd = ValueCodec.WriteBytesHeader(header, change.Value);
        Fnv1a64 hash = new(Fnv1a64.OffsetBasis);
        hash.Add(header, headerEnd - header);
        if (change.Value.Data != null)
        {
            hash.Add(change.Value.Data, change.Value.Length);
            return hash.Value;
        }

        if (hashBuffer == null)
        {
            hashBuffer = Sqlite3.Allocate(HashBlock);
        }

        for (long offset = 0; offset < change.Value.Length; offset += HashBlock)
        {
            int block = (int)Math.Min(HashBlock, change.Value.Length - offset);
            source.ReadData(offset, hashBuffer, block);
            hash.Add(hashBuffer, block);
        }

        return hash.Value;
    }

    /// <summary>Copies bytes [offset, offset + length) of V.</summary>
    private void CopyEncoding(in ChangeRow change, long offset, byte* target, int length)
    {
        byte* header = stackalloc byte[ValueCodec.MaxHeader];
        int headerLength = (int)(ValueCodec.WriteBytesHeader(header, change.Value) - header);
        while (offset < headerLength && length > 0)
        {
            *target++ = header[offset++];
            length--;
        }

        if (length == 0)
        {
            return;
        }

        if (change.Value.Data != null)
        {
            Buffer.MemoryCopy(change.Value.Data + (offset - headerLength), target, length, length);
        }
        else
        {
            source.ReadData(offset - headerLength, target, length);
        }
    }
}
