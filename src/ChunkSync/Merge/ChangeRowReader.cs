using System.Globalization;
using System.Text;
using ChunkSync.Payload;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Reads the rows of a payload body one after the other (spec A.3).</summary>
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
        change = default;
        WireValue table = Next();
        WireValue key = Next();
        WireValue column = Next();
        change.Value = Next();
        WireValue columnVersion = Next();
        WireValue dbVersion = Next();
        WireValue site = Next();
        WireValue causalLength = Next();
        WireValue seq = Next();
        RequireBytes(table, "tbl");
        RequireBytes(key, "pk");
        RequireBytes(site, "site_id");
        change.Table = table.Data;
        change.TableLength = (int)table.Length;
        change.Key = key.Data;
        change.KeyLength = (int)key.Length;
        if (column.Kind != WireKind.Null)
        {
            RequireBytes(column, "col_name");
            change.Column = column.Data;
            change.ColumnLength = (int)column.Length;
        }

        change.Site = site.Data;
        change.SiteLength = (int)site.Length;
        change.ColumnVersion = Number(columnVersion);
        change.DbVersion = Number(dbVersion);
        change.CausalLength = Number(causalLength);
        change.Seq = Number(seq);
        row++;
    }

    private WireValue Next()
    {
        long offset = reader.Offset;
        return reader.TryRead(out WireValue value) ? value : throw new EngineException(
            ResultCode.Error, $"Error on cloudsync_payload_apply: row {row} cannot be decoded at offset {offset}");
    }

    private readonly void RequireBytes(in WireValue value, string field)
    {
        if (value.Kind is not (WireKind.Text or WireKind.Blob))
        {
            throw new EngineException(ResultCode.Error,
                $"Error on cloudsync_payload_apply: {field} of row {row} is neither TEXT nor BLOB");
        }
    }

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
