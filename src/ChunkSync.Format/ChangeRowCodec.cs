using System.Runtime.CompilerServices;

namespace ChunkSync.Format;

/// <summary>The encoding of a change row (format A.3): nine values (see <see cref="ValueCodec"/>), one behind the other.
/// <code>
/// tbl          TEXT      name of the table
/// pk           BLOB      the key (format H)
/// col_name     TEXT      name of the column, or __[RIP]__ for the row as a whole
/// col_value    any       the column's value; NULL for the row as a whole
/// col_version  INTEGER   counts the writes of the column
/// db_version   INTEGER   counts the writer's transactions
/// site_id      BLOB      16 bytes: who made the change
/// cl           INTEGER   causal length of the row: odd while it lives
/// seq          INTEGER   place inside the transaction
/// </code>
/// A fragment row (format B.1) is the same with a <see cref="FragmentName"/> for col_name and a part of the value's encoding, a BLOB, for
/// col_value.</summary>
internal static unsafe class ChangeRowCodec
{
    /// <summary>Values of a row.</summary>
    public const int Columns = 9;

    /// <summary>The encoded size of everything but column name and value.</summary>
    public static long SizeOfRest(in ChangeRow row) =>
        ValueCodec.SizeOfBytes(row.TableLength) + ValueCodec.SizeOfBytes(row.KeyLength) + ValueCodec.SizeOfInteger(row.ColumnVersion)
        + ValueCodec.SizeOfInteger(row.DbVersion) + ValueCodec.SizeOfBytes(row.SiteLength) + ValueCodec.SizeOfInteger(row.CausalLength)
        + ValueCodec.SizeOfInteger(row.Seq);

    /// <summary>The encoded size of the whole row.</summary>
    public static long SizeOf(in ChangeRow row) =>
        SizeOfRest(row) + ValueCodec.SizeOfBytes(row.ColumnLength) + ValueCodec.SizeOf(row.Value);

    /// <summary>Writes the row into memory of at least <see cref="SizeOf"/> bytes.</summary>
    /// <param name="at">Where it goes.</param>
    /// <param name="row">The row.</param>
    /// <param name="gap">Where the bytes of a value go that is elsewhere (<see cref="WireValue.IsElsewhere"/>): the caller fills them in;
    /// null when the row is complete.</param>
    /// <returns>The address behind it.</returns>
    public static byte* Write(byte* at, in ChangeRow row, out byte* gap)
    {
        at = ValueCodec.WriteBytes(WriteKey(at, row), ValueCodec.Text, row.Column, row.ColumnLength);
        gap = null;
        if (row.Value.IsElsewhere)
        {
            gap = ValueCodec.WriteBytesHeader(at, row.Value);
            at = gap + row.Value.Length;
        }
        else
        {
            at = ValueCodec.Write(at, row.Value);
        }

        return WriteVersions(at, row);
    }

    /// <summary>Writes what stands before col_name: tbl and pk.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* WriteKey(byte* at, in ChangeRow row)
    {
        at = ValueCodec.WriteBytes(at, ValueCodec.Text, row.Table, row.TableLength);
        return ValueCodec.WriteBytes(at, ValueCodec.Blob, row.Key, row.KeyLength);
    }

    /// <summary>Writes what stands behind col_value: col_version, db_version, site_id, cl and seq.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* WriteVersions(byte* at, in ChangeRow row)
    {
        at = ValueCodec.WriteInteger(at, row.ColumnVersion);
        at = ValueCodec.WriteInteger(at, row.DbVersion);
        at = ValueCodec.WriteBytes(at, ValueCodec.Blob, row.Site, row.SiteLength);
        at = ValueCodec.WriteInteger(at, row.CausalLength);
        return ValueCodec.WriteInteger(at, row.Seq);
    }
}
