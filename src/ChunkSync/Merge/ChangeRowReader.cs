using System.Globalization;
using System.Text;
using ChunkSync.Payload;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Reads the rows of a payload body one after the other (format A.3).</summary>
internal unsafe struct ChangeRowReader(byte* body, long length)
{
    private PayloadReader reader = new(body, length);
    private long row;

    /// <summary>Whether the first <paramref name="rows"/> rows can all be decoded: nothing is applied of a payload where one
    /// cannot.</summary>
    /// <exception cref="EngineException">Names the row and the byte offset in the uncompressed body.</exception>
    public static void CheckAll(byte* body, long length, uint rows)
    {
        ChangeRowReader reader = new(body, length);
        for (uint i = 0; i < rows; i++)
        {
            reader.Read(out _);
        }
    }

    /// <summary>Reads the next row.</summary>
    /// <exception cref="EngineException">The row is malformed.</exception>
    public void Read(out IncomingChange change)
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

    /// <summary>SQLite's conversion to an integer, for rows of writers that were less strict.</summary>
    private static long Number(in WireValue value)
    {
        switch (value.Kind)
        {
            case WireKind.Integer:
                return value.Integer;
            case WireKind.Real:
                return value.Real >= 9.3e18 ? long.MaxValue : value.Real <= -9.3e18 ? long.MinValue : (long)value.Real;
            case WireKind.Null:
                return 0;
            default:
                string text = Encoding.UTF8.GetString(value.Bytes[..(int)Math.Min(value.Length, 32)]).TrimStart();
                int digits = text.StartsWith('-') || text.StartsWith('+') ? 1 : 0;
                while (digits < text.Length && char.IsAsciiDigit(text[digits]))
                {
                    digits++;
                }

                return long.TryParse(text[..digits], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : 0;
        }
    }
}
