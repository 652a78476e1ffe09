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

    private const int ValueColumn = 3;

    private static readonly string[] Names = ["tbl", "pk", "col_name", "col_value", "col_version", "db_version", "site_id", "cl", "seq"];

    /// <summary>The storage classes that writers write; that of the value can be any.</summary>
    private static ReadOnlySpan<WireKind> Kinds =>
    [
        WireKind.Text, WireKind.Blob, WireKind.Text, WireKind.Null, WireKind.Integer, WireKind.Integer, WireKind.Blob, WireKind.Integer,
        WireKind.Integer,
    ];

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
        byte* start = at;
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

        at = WriteVersions(at, row);
        Check.That(at - start == SizeOf(row));
        return at;
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

    /// <summary>Reads the next row.</summary>
    /// <param name="reader">Stands where the row begins; behind it afterwards, anywhere after a failure.</param>
    /// <param name="use">What the row is read for.</param>
    /// <param name="row">The row: nothing to rely on after a failure.</param>
    /// <param name="fault">What is wrong.</param>
    /// <returns>False when the row is malformed.</returns>
    public static bool TryRead(ref ValueReader reader, ChangeRowUse use, out ChangeRow row, out ChangeRowFault fault)
    {
        Unsafe.SkipInit(out row);
        fault = default;
        bool isRead = TryReadBytes(ref reader, out row.Table, out row.TableLength, "tbl", ref fault)
            && TryReadBytes(ref reader, out row.Key, out row.KeyLength, "pk", ref fault)
            && (reader.TryReadBytes(out row.Column, out row.ColumnLength) || TryReadNoName(ref reader, use, ref fault))
            && (reader.TryRead(out row.Value) || Fail(ref reader, "col_value", ref fault))
            && TryReadNumber(ref reader, ChangeRowUse.Merge, out row.ColumnVersion, "col_version", ref fault)
            && TryReadNumber(ref reader, use, out row.DbVersion, "db_version", ref fault)
            && TryReadBytes(ref reader, out row.Site, out row.SiteLength, "site_id", ref fault)
            && TryReadNumber(ref reader, ChangeRowUse.Merge, out row.CausalLength, "cl", ref fault)
            && TryReadNumber(ref reader, use, out row.Seq, "seq", ref fault);
        Check.That(isRead == (fault.Defect == ChangeRowDefect.None));
        Check.That(!isRead || (row.Key > row.Table + row.TableLength && row.Site > row.Key + row.KeyLength));
        return isRead;
    }

    /// <summary>Reads the next row, which must have the storage classes that writers write, as fragment rows must. A value that cannot be
    /// decoded counts more than one of another class before it.</summary>
    /// <inheritdoc cref="TryRead"/>
    public static bool TryReadExact(ref ValueReader reader, out ChangeRow row, out ChangeRowFault fault)
    {
        WireValue* values = stackalloc WireValue[Columns];
        row = default;
        fault = default;
        for (int i = 0; i < Columns; i++)
        {
            if (!reader.TryRead(out values[i]))
            {
                return Fail(ref reader, Names[i], ref fault);
            }

            if (i != ValueColumn && values[i].Kind != Kinds[i] && fault.Defect == ChangeRowDefect.None)
            {
                fault = new ChangeRowFault(ChangeRowDefect.OtherClass, Names[i], reader.Offset);
            }
        }

        row = new ChangeRow
        {
            Table = values[0].Data,
            TableLength = (int)values[0].Length,
            Key = values[1].Data,
            KeyLength = (int)values[1].Length,
            Column = values[2].Data,
            ColumnLength = (int)values[2].Length,
            Value = values[ValueColumn],
            ColumnVersion = values[4].Integer,
            DbVersion = values[5].Integer,
            Site = values[6].Data,
            SiteLength = (int)values[6].Length,
            CausalLength = values[7].Integer,
            Seq = values[8].Integer,
        };
        return fault.Defect == ChangeRowDefect.None;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReadBytes(ref ValueReader reader, out byte* data, out int length, string field, ref ChangeRowFault fault) =>
        reader.TryReadBytes(out data, out length) || FailAsBytes(ref reader, field, ref fault);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReadNumber(ref ValueReader reader, ChangeRowUse use, out long number, string field, ref ChangeRowFault fault) =>
        reader.TryReadNatural(out number) || TryReadOtherNumber(ref reader, use, out number, field, ref fault);

    private static bool TryReadOtherNumber(
        ref ValueReader reader, ChangeRowUse use, out long number, string field, ref ChangeRowFault fault)
    {
        number = 0;
        long offset = reader.Offset;
        if (!reader.TryRead(out WireValue value))
        {
            return Fail(ref reader, field, ref fault);
        }

        if (use == ChangeRowUse.Probe && value.Kind != WireKind.Integer)
        {
            fault = new ChangeRowFault(ChangeRowDefect.NotInteger, field, offset);
            return false;
        }

        number = WireNumber.Of(value);
        return true;
    }

    private static bool TryReadNoName(ref ValueReader reader, ChangeRowUse use, ref ChangeRowFault fault)
    {
        long offset = reader.Offset;
        if (!reader.TryRead(out WireValue value))
        {
            return Fail(ref reader, Names[2], ref fault);
        }

        bool isAccepted = use == ChangeRowUse.Probe || value.Kind == WireKind.Null;
        fault = isAccepted ? default : new ChangeRowFault(ChangeRowDefect.NotBytes, Names[2], offset);
        return isAccepted;
    }

    private static bool FailAsBytes(ref ValueReader reader, string field, ref ChangeRowFault fault)
    {
        long offset = reader.Offset;
        fault = new ChangeRowFault(reader.TrySkip() ? ChangeRowDefect.NotBytes : ChangeRowDefect.Undecodable, field, offset);
        return false;
    }

    private static bool Fail(ref ValueReader reader, string field, ref ChangeRowFault fault)
    {
        fault = new ChangeRowFault(ChangeRowDefect.Undecodable, field, reader.Offset);
        return false;
    }
}
