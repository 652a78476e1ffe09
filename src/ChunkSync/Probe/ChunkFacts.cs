using System.Buffers.Binary;
using ChunkSync.Format;

namespace ChunkSync.Probe;

/// <summary>What is known of a stored chunk without its body: its header, and its index if there is one. Addresses lie in the index, which
/// stays in place while the chunk is looked at.</summary>
internal unsafe struct ChunkFacts
{
    /// <summary>The checked header.</summary>
    public ContainerHeader Header;

    /// <summary>The payload's length.</summary>
    public long Length;

    /// <summary>The index's level; 0 without an index.</summary>
    public int Level;

    /// <summary>The smallest and largest position; null when not known.</summary>
    public PositionInterval? Span;

    /// <summary>Block of table names; null when not known.</summary>
    public byte* Tables;
    public int TablesLength;

    /// <summary>Block of site ids; null when not known.</summary>
    public byte* Sites;
    public int SitesLength;

    /// <summary>Block of entity hashes; null when not known.</summary>
    public byte* Hashes;
    public int HashCount;

    /// <summary>The first entity of a run, rounded down; null when not known.</summary>
    public EntityKey? FirstKey;

    /// <summary>The last entity of a run; null when not known.</summary>
    public EntityKey? LastKey;

    private fixed byte headerBytes[ContainerHeader.Length];

    /// <param name="header">The payload's first 32 bytes, or what there is of them.</param>
    /// <param name="length">The payload's length.</param>
    /// <exception cref="DamagedChunkException">It is no payload.</exception>
    public ChunkFacts(ReadOnlySpan<byte> header, long length)
    {
        Header = PayloadCheck.ReadHeader(header, length);
        Length = length;
        for (int i = 0; i < ContainerHeader.Length; i++)
        {
            headerBytes[i] = header[i];
        }
    }

    /// <summary>Whether a payload is the one that the facts are about: same length, same 32 bytes in front.</summary>
    public bool IsOf(byte* payload, long length)
    {
        fixed (byte* known = headerBytes)
        {
            return length == Length
                && new ReadOnlySpan<byte>(payload, ContainerHeader.Length).SequenceEqual(new ReadOnlySpan<byte>(known, ContainerHeader.Length));
        }
    }

    /// <summary>The length of the uncompressed body.</summary>
    public readonly long BodySize => PayloadBody.SizeOf(Header, Length);

    /// <summary>Reads the header that an index repeats: for sources where reading the payload's own costs too much.</summary>
    /// <exception cref="DamagedChunkException">The index is malformed.</exception>
    public static ReadOnlySpan<byte> HeaderOf(ReadOnlySpan<byte> index, out long payloadLength)
    {
        CheckIndex(index);
        payloadLength = BinaryPrimitives.ReadInt64BigEndian(index[PayloadIndexFormat.PayloadLengthAt..]);
        return index.Slice(PayloadIndexFormat.PayloadHeaderAt, ContainerHeader.Length);
    }

    /// <summary>Takes the facts of an index that belongs to the payload of <see cref="Header"/> and <see cref="Length"/>.</summary>
    /// <param name="index">The index, which stays in place.</param>
    /// <param name="length">Its length.</param>
    /// <exception cref="DamagedChunkException">The index is malformed or of another payload.</exception>
    public void ReadIndex(byte* index, int length)
    {
        ReadOnlySpan<byte> bytes = new(index, length);
        ReadOnlySpan<byte> header = HeaderOf(bytes, out long payloadLength);
        fixed (byte* repeated = header)
        {
            if (!IsOf(repeated, payloadLength))
            {
                throw Foreign();
            }
        }

        Level = bytes[PayloadIndexFormat.LevelAt];
        byte* at = index + PayloadIndexFormat.HeaderLength;
        byte* end = index + length - PayloadIndexFormat.ChecksumLength;
        while (at < end)
        {
            if (end - at < PayloadIndexFormat.BlockHeaderLength)
            {
                throw Malformed();
            }

            long size = BinaryPrimitives.ReadUInt32BigEndian(new ReadOnlySpan<byte>(at + 1, sizeof(uint)));
            byte* data = at + PayloadIndexFormat.BlockHeaderLength;
            if (size > end - data)
            {
                throw Malformed();
            }

            ReadBlock(*at, data, (int)size);
            at = data + size;
        }
    }

    /// <summary>The error of an index that is not of the payload beside it.</summary>
    public static DamagedChunkException Foreign() =>
        new("payload_index belongs to another payload; build it again with cloudsync_payload_index");

    private static DamagedChunkException Malformed() => new("payload_index is malformed");

    private static void CheckIndex(ReadOnlySpan<byte> index)
    {
        const int Checked = PayloadIndexFormat.ChecksumLength;
        if (index.Length < PayloadIndexFormat.HeaderLength + Checked || !index.StartsWith(PayloadIndexFormat.Magic)
            || index[4] != PayloadIndexFormat.Version
            || Fnv1a64.Of(index[..^Checked]) != BinaryPrimitives.ReadUInt64BigEndian(index[^Checked..]))
        {
            throw Malformed();
        }
    }

    private void ReadBlock(byte type, byte* data, int size)
    {
        switch (type)
        {
            case PayloadIndexFormat.Positions:
                ReadOnlySpan<byte> bytes = new(data, size);
                if (size != PayloadIndexFormat.PositionsLength || Span != null)
                {
                    throw Malformed();
                }

                PositionInterval span = new(
                    new Position(BinaryPrimitives.ReadInt64BigEndian(bytes), BinaryPrimitives.ReadInt64BigEndian(bytes[8..])),
                    new Position(BinaryPrimitives.ReadInt64BigEndian(bytes[16..]), BinaryPrimitives.ReadInt64BigEndian(bytes[24..])));
                Span = span.From <= span.To ? span : throw Malformed();
                break;
            case PayloadIndexFormat.Tables:
                CheckNames(data, size, Tables);
                Tables = data;
                TablesLength = size;
                break;
            case PayloadIndexFormat.Sites:
                CheckNames(data, size, Sites);
                Sites = data;
                SitesLength = size;
                break;
            case PayloadIndexFormat.Entities:
                CheckHashes(data, size);
                Hashes = data;
                HashCount = size / EntityHash.Size;
                break;
            case PayloadIndexFormat.Keys:
                ReadKeys(data, size);
                break;
            default:
                break;
        }
    }

    private void ReadKeys(byte* data, int size)
    {
        ValueReader reader = new(data, size);
        if (FirstKey != null || !TryReadKey(ref reader, out EntityKey? first) || first == null
            || !TryReadKey(ref reader, out EntityKey? last) || reader.Remaining != 0
            || (last is EntityKey end && end.CompareTo(first.Value) < 0))
        {
            throw Malformed();
        }

        FirstKey = first;
        LastKey = last;
    }

    private static bool TryReadKey(ref ValueReader reader, out EntityKey? entity)
    {
        entity = null;
        if (!reader.TryRead(out WireValue table) || !reader.TryRead(out WireValue key))
        {
            return false;
        }

        bool isGiven = table.Kind == WireKind.Text && key.Kind == WireKind.Blob;
        if (isGiven)
        {
            entity = new EntityKey(table.Data, (int)table.Length, key.Data, (int)key.Length);
        }

        return isGiven || (table.Kind == WireKind.Null && key.Kind == WireKind.Null);
    }

    /// <summary>At least one name, all of them BLOBs, ascending: a chunk with rows has tables and sites.</summary>
    private static void CheckNames(byte* data, int size, byte* known)
    {
        ValueReader reader = new(data, size);
        ReadOnlySpan<byte> last = default;
        bool any = false;
        while (reader.Remaining > 0)
        {
            if (!reader.TryReadBytes(out byte* name, out int length)
                || (any && last.SequenceCompareTo(new ReadOnlySpan<byte>(name, length)) >= 0))
            {
                throw Malformed();
            }

            any = true;
            last = new ReadOnlySpan<byte>(name, length);
        }

        if (!any || known != null)
        {
            throw Malformed();
        }
    }

    private readonly void CheckHashes(byte* data, int size)
    {
        if (size == 0 || size % EntityHash.Size != 0 || Hashes != null)
        {
            throw Malformed();
        }

        ulong last = EntityHash.Read(data);
        for (int at = EntityHash.Size; at < size; at += EntityHash.Size)
        {
            ulong hash = EntityHash.Read(data + at);
            if (hash <= last)
            {
                throw Malformed();
            }

            last = hash;
        }
    }
}
