using ChunkSync.Changes;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Chunks;

/// <summary>Sizes and bytes of change rows (format A.3).</summary>
internal static unsafe class RowWriter
{
    /// <summary>The encoded size of the row's value.</summary>
    public static long SizeOfValue(in Change change) => change.ValueClass switch
    {
        StorageClass.Integer => ValueCodec.SizeOfInteger(change.Integer),
        StorageClass.Real => ValueCodec.SizeOfReal,
        StorageClass.Null => ValueCodec.SizeOfNull,
        _ => ValueCodec.SizeOfBytes(change.DataLength),
    };

    /// <summary>The encoded size of everything but column name and value.</summary>
    public static long SizeOfRest(in Change change) => SizeOfRest(
        change.TableLength, change.KeyLength, change.ColumnVersion, change.DbVersion, change.SiteLength, change.CausalLength, change.Seq);

    /// <inheritdoc cref="SizeOfRest(in Change)"/>
    public static long SizeOfRest(
        int tableLength, int keyLength, long columnVersion, long dbVersion, int siteLength, long causalLength, long seq) =>
        ValueCodec.SizeOfBytes(tableLength) + ValueCodec.SizeOfBytes(keyLength) + ValueCodec.SizeOfInteger(columnVersion)
        + ValueCodec.SizeOfInteger(dbVersion) + ValueCodec.SizeOfBytes(siteLength) + ValueCodec.SizeOfInteger(causalLength)
        + ValueCodec.SizeOfInteger(seq);

    /// <summary>The encoded size of the whole row.</summary>
    public static long SizeOf(in Change change) =>
        SizeOfRest(change) + ValueCodec.SizeOfBytes(change.ColumnLength) + SizeOfValue(change);

    /// <summary>Appends the row to a body; <paramref name="size"/> is its <see cref="SizeOf"/>.</summary>
    public static void Write(ChunkBody body, IChangeSource source, in Change change, long size) =>
        body.Commit(Write(body.Reserve(size), source, change));

    /// <summary>Writes the row into memory of at least <see cref="SizeOf"/> bytes; returns the address behind it.</summary>
    public static byte* Write(byte* at, IChangeSource source, in Change change)
    {
        at = WriteIdentity(at, change, change.Column, change.ColumnLength);
        at = change.ValueClass switch
        {
            StorageClass.Integer => ValueCodec.WriteInteger(at, change.Integer),
            StorageClass.Real => ValueCodec.WriteReal(at, change.Real),
            StorageClass.Null => ValueCodec.WriteNull(at),
            _ => WriteData(at, source, change),
        };
        return WriteVersions(at, change);
    }

    /// <summary>Writes tbl, pk and col_name.</summary>
    public static byte* WriteIdentity(byte* at, in Change change, byte* column, int columnLength)
    {
        at = ValueCodec.WriteBytes(at, ValueCodec.Text, change.Table, change.TableLength);
        at = ValueCodec.WriteBytes(at, ValueCodec.Blob, change.Key, change.KeyLength);
        return ValueCodec.WriteBytes(at, ValueCodec.Text, column, columnLength);
    }

    /// <summary>Writes col_version, db_version, site_id, cl and seq.</summary>
    public static byte* WriteVersions(byte* at, in Change change)
    {
        at = ValueCodec.WriteInteger(at, change.ColumnVersion);
        at = ValueCodec.WriteInteger(at, change.DbVersion);
        at = ValueCodec.WriteBytes(at, ValueCodec.Blob, change.Site, change.SiteLength);
        at = ValueCodec.WriteInteger(at, change.CausalLength);
        return ValueCodec.WriteInteger(at, change.Seq);
    }

    /// <summary>The kind that a TEXT or BLOB value is encoded with.</summary>
    public static int KindOf(in Change change) => change.ValueClass == StorageClass.Text ? ValueCodec.Text : ValueCodec.Blob;

    private static byte* WriteData(byte* at, IChangeSource source, in Change change)
    {
        at = ValueCodec.WriteBytesHeader(at, KindOf(change), change.DataLength);
        if (change.Data != null)
        {
            Buffer.MemoryCopy(change.Data, at, change.DataLength, change.DataLength);
        }
        else
        {
            source.ReadData(0, at, (int)change.DataLength);
        }

        return at + change.DataLength;
    }
}
