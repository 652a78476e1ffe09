using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Reads the rows of a payload body one after the other (format A.3).</summary>
internal unsafe struct ChangeRowReader(byte* body, long length)
{
    private ValueReader reader = new(body, length);
    private long row;

    /// <summary>Whether the first <paramref name="rows"/> rows can all be decoded, and their numbers be taken: nothing is applied of a
    /// payload where one cannot.</summary>
    /// <exception cref="EngineException">Names the row and the byte offset in the uncompressed body, or the field and its value.</exception>
    public static void CheckAll(byte* body, long length, uint rows)
    {
        ChangeRowReader reader = new(body, length);
        for (uint i = 0; i < rows; i++)
        {
            reader.Read(out ChangeRow change);
            ChangeNumbers.Check(change, "Error on cloudsync_payload_apply");
        }
    }

    /// <summary>Reads the next row.</summary>
    /// <exception cref="EngineException">The row is malformed.</exception>
    public void Read(out ChangeRow change)
    {
        ReadBytes(out change.Table, out change.TableLength, "tbl");
        ReadBytes(out change.Key, out change.KeyLength, "pk");
        if (!reader.TryReadBytes(out change.Column, out change.ColumnLength) && Next().Kind != WireKind.Null)
        {
            throw NotBytes("col_name");
        }

        if (!reader.TryRead(out change.Value))
        {
            throw Undecodable();
        }

        change.ColumnVersion = ReadNumber();
        change.DbVersion = ReadNumber();
        ReadBytes(out change.Site, out change.SiteLength, "site_id");
        change.CausalLength = ReadNumber();
        change.Seq = ReadNumber();
        row++;
    }

    private void ReadBytes(out byte* data, out int length, string field)
    {
        if (!reader.TryReadBytes(out data, out length))
        {
            Next();
            throw NotBytes(field);
        }
    }

    private long ReadNumber() => reader.TryReadNatural(out long number) ? number : Number(Next());

    private WireValue Next() => reader.TryRead(out WireValue value) ? value : throw Undecodable();

    private readonly EngineException Undecodable() => new(
        ResultCode.Error, $"Error on cloudsync_payload_apply: row {row} cannot be decoded at offset {reader.Offset}");

    private readonly EngineException NotBytes(string field) => new(
        ResultCode.Error, $"Error on cloudsync_payload_apply: {field} of row {row} is neither TEXT nor BLOB");

    /// <summary>SQLite's conversion to an integer, for rows of writers that were less strict: what is beyond the ends of 64 bits becomes
    /// the end.</summary>
    private static long Number(in WireValue value) => value.Kind switch
    {
        WireKind.Integer => value.Integer,
        WireKind.Real when value.Real >= long.MaxValue => long.MaxValue,
        WireKind.Real when value.Real <= long.MinValue => long.MinValue,
        WireKind.Real => double.IsNaN(value.Real) ? 0 : (long)value.Real,
        WireKind.Null => 0,
        _ => Number(value.Bytes),
    };

    /// <summary>The number that a text begins with, behind white space; 0 when it begins with none.</summary>
    private static long Number(ReadOnlySpan<byte> text)
    {
        text = text.TrimStart(" \t\n\v\f\r"u8);
        bool negative = !text.IsEmpty && text[0] == '-';
        text = !text.IsEmpty && text[0] is (byte)'-' or (byte)'+' ? text[1..] : text;
        long number = 0;
        for (int i = 0; i < text.Length && text[i] is >= (byte)'0' and <= (byte)'9'; i++)
        {
            int digit = text[i] - '0';
            if (number > (long.MaxValue - digit) / 10)
            {
                return negative ? long.MinValue : long.MaxValue;
            }

            number = (10 * number) + digit;
        }

        return negative ? -number : number;
    }
}
