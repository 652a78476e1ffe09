using System.Buffers.Binary;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>Makes the index of a payload (see <see cref="PayloadIndexFormat"/>). A pure function of the payload: two builds are equal.</summary>
internal sealed unsafe class PayloadIndexWriter : IDisposable
{
    private readonly NativeBuffer expanded = new();
    private readonly NativeBuffer names = new();
    private readonly NativeBuffer hashes = new();
    private readonly DistinctNames tables = new(fold: true);
    private readonly DistinctNames sites = new(fold: false);

    /// <summary>Writes the index of a payload, which is checked and walked as a whole.</summary>
    /// <param name="payload">The payload, which stays in place.</param>
    /// <param name="length">Its length.</param>
    /// <param name="level">1 for positions, tables and sites, 2 for entities too, 3 for the first and last entity of a run too.</param>
    /// <param name="target">Where it goes; empty.</param>
    /// <exception cref="DamagedChunkException">The payload is not sound.</exception>
    public void Write(byte* payload, long length, int level, NativeBuffer target)
    {
        ContainerHeader header = PayloadCheck.ReadHeader(
            new ReadOnlySpan<byte>(payload, (int)Math.Min(length, ContainerHeader.Length)), length);
        byte* body = PayloadCheck.Open(header, payload, length, verify: true, long.MaxValue, expanded, out long size);
        Walk(body, size, header.Rows, level, out PositionInterval span);
        target.Append(PayloadIndexFormat.Magic);
        target.Append([PayloadIndexFormat.Version, (byte)level, 0, 0]);
        BinaryPrimitives.WriteInt64BigEndian(new Span<byte>(target.Reserve(sizeof(long)), sizeof(long)), length);
        target.Commit(sizeof(long));
        target.Append(payload, ContainerHeader.Length);
        if (header.Rows > 0)
        {
            WritePositions(target, span);
            WriteNames(target, PayloadIndexFormat.Tables, tables);
            WriteNames(target, PayloadIndexFormat.Sites, sites);
            if (level > 1)
            {
                WriteHashes(target);
            }

            if (level > 2)
            {
                WriteKeys(target, body, size, header.Rows);
            }
        }

        ulong checksum = Fnv1a64.Of(target.Data, target.Length);
        BinaryPrimitives.WriteUInt64BigEndian(new Span<byte>(target.Reserve(sizeof(ulong)), sizeof(ulong)), checksum);
        target.Commit(sizeof(ulong));
    }

    public void Dispose()
    {
        expanded.Dispose();
        names.Dispose();
        hashes.Dispose();
        tables.Dispose();
        sites.Dispose();
    }

    private void Walk(byte* body, long size, uint rows, int level, out PositionInterval span)
    {
        ChangeRowWalker row = new(body, size);
        Position first = Position.Last;
        Position last = Position.First;
        ReadOnlySpan<byte> lastTable = default;
        ReadOnlySpan<byte> lastKey = default;
        for (uint i = 0; i < rows; i++)
        {
            row.Next();
            first = row.Position < first ? row.Position : first;
            last = row.Position > last ? row.Position : last;
            bool sameTable = i > 0 && row.TableName.SequenceEqual(lastTable);
            if (!sameTable)
            {
                tables.Add(row.TableName);
            }

            sites.Add(row.SiteId);
            if (level > 1 && !(sameTable && row.KeyBlob.SequenceEqual(lastKey)))
            {
                AddHash(row);
            }

            lastTable = row.TableName;
            lastKey = row.KeyBlob;
        }

        row.CheckEnd();
        span = new PositionInterval(first, last);
    }

    private void AddHash(in ChangeRowWalker row)
    {
        names.Clear();
        byte* folded = names.Reserve(row.TableLength);
        FoldedName.Write(folded, row.Table, row.TableLength);
        *(ulong*)hashes.Reserve(sizeof(ulong)) = EntityHash.Of(new ReadOnlySpan<byte>(folded, row.TableLength), row.KeyBlob);
        hashes.Commit(sizeof(ulong));
    }

    private static void WritePositions(NativeBuffer target, PositionInterval span)
    {
        BeginBlock(target, PayloadIndexFormat.Positions, PayloadIndexFormat.PositionsLength);
        Span<byte> data = new(target.Reserve(PayloadIndexFormat.PositionsLength), PayloadIndexFormat.PositionsLength);
        BinaryPrimitives.WriteInt64BigEndian(data, span.From.DbVersion);
        BinaryPrimitives.WriteInt64BigEndian(data[8..], span.From.Seq);
        BinaryPrimitives.WriteInt64BigEndian(data[16..], span.To.DbVersion);
        BinaryPrimitives.WriteInt64BigEndian(data[24..], span.To.Seq);
        target.Commit(PayloadIndexFormat.PositionsLength);
    }

    private static void WriteNames(NativeBuffer target, byte type, DistinctNames distinct)
    {
        if (distinct.TrySort(PayloadIndexFormat.MaxNames, out long size))
        {
            BeginBlock(target, type, size);
            distinct.WriteTo(target);
        }
    }

    private void WriteHashes(NativeBuffer target)
    {
        Span<ulong> all = new(hashes.Data, checked((int)(hashes.Length / sizeof(ulong))));
        all.Sort();
        int count = 0;
        foreach (ulong hash in all)
        {
            if (count == 0 || all[count - 1] != hash)
            {
                all[count++] = hash;
            }
        }

        long size = (long)EntityHash.Size * count;
        BeginBlock(target, PayloadIndexFormat.Entities, size);
        byte* at = target.Reserve(size);
        for (int i = 0; i < count; i++)
        {
            EntityHash.Write(at + ((long)EntityHash.Size * i), all[i]);
        }

        target.Commit(size);
    }

    /// <summary>The smallest and the largest entity. Only a run is ordered by them; of another payload they are true, and of little use.</summary>
    private void WriteKeys(NativeBuffer target, byte* body, long size, uint rows)
    {
        ChangeRowWalker row = new(body, size);
        names.Clear();
        byte* folded = names.Reserve(size);
        EntityKey first = default;
        EntityKey last = default;
        for (uint i = 0; i < rows; i++)
        {
            row.Next();
            FoldedName.Write(folded, row.Table, row.TableLength);
            EntityKey entity = new(folded, row.TableLength, row.Key, row.KeyLength);
            first = i == 0 || entity.CompareTo(first) < 0 ? entity : first;
            last = i == 0 || entity.CompareTo(last) > 0 ? entity : last;
            // A name that an end keeps stays where it is; the next one goes behind it.
            folded += row.TableLength;
        }

        using NativeBuffer keys = new();
        bool isCut = first.Table.Length > PayloadIndexFormat.MaxKey;
        WriteValue(keys, ValueCodec.Text, first.Table[..Math.Min(first.Table.Length, PayloadIndexFormat.MaxKey)]);
        WriteValue(keys, ValueCodec.Blob, isCut ? default : first.Key[..Math.Min(first.Key.Length, PayloadIndexFormat.MaxKey)]);
        if (last.Table.Length > PayloadIndexFormat.MaxKey || last.Key.Length > PayloadIndexFormat.MaxKey)
        {
            keys.Append([ValueCodec.Null, ValueCodec.Null]);
        }
        else
        {
            WriteValue(keys, ValueCodec.Text, last.Table);
            WriteValue(keys, ValueCodec.Blob, last.Key);
        }

        BeginBlock(target, PayloadIndexFormat.Keys, keys.Length);
        target.Append(keys.Data, keys.Length);
    }

    private static void WriteValue(NativeBuffer target, int kind, ReadOnlySpan<byte> data)
    {
        fixed (byte* bytes = data)
        {
            target.Commit(ValueCodec.WriteBytes(target.Reserve(ValueCodec.MaxHeader + (long)data.Length), kind, bytes, data.Length));
        }
    }

    private static void BeginBlock(NativeBuffer target, byte type, long length)
    {
        Span<byte> data = new(target.Reserve(PayloadIndexFormat.BlockHeaderLength), PayloadIndexFormat.BlockHeaderLength);
        data[0] = type;
        BinaryPrimitives.WriteUInt32BigEndian(data[1..], checked((uint)length));
        target.Commit(PayloadIndexFormat.BlockHeaderLength);
    }
}
