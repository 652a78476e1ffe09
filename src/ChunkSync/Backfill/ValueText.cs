using System.Globalization;
using System.Text;
using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>Key values as SQL literals and as JSON.</summary>
internal static class ValueText
{
    /// <summary>Appends the SQL literal of a value that is not NULL.</summary>
    /// <param name="text">Where to.</param>
    /// <param name="value">The value.</param>
    /// <param name="encoding">The database's encoding.</param>
    /// <param name="reader">Reads a number as SQLite would.</param>
    public static void AppendLiteral(StringBuilder text, Value value, Encoding encoding, IRealReader reader)
    {
        switch (value.Type)
        {
            case StorageClass.Integer:
                text.Append(value.Int64.ToString(CultureInfo.InvariantCulture));
                break;
            case StorageClass.Real:
                text.Append(Real(value.Double, reader));
                break;
            case StorageClass.Text when PlainText(value, encoding) is string plain:
                text.Append(Connection.Literal(plain));
                break;
            case StorageClass.Text:
                // A bare CAST has TEXT affinity and would turn the numbers of the column into text: the plus takes it away.
                text.Append("+CAST(x'").Append(Convert.ToHexStringLower(value.Blob)).Append("' AS TEXT)");
                break;
            default:
                text.Append("x'").Append(Convert.ToHexStringLower(value.Blob)).Append('\'');
                break;
        }
    }

    /// <summary>Appends a value as JSON.</summary>
    public static void AppendJson(StringBuilder text, Value value, Encoding encoding)
    {
        switch (value.Type)
        {
            case StorageClass.Null:
                text.Append("null");
                break;
            case StorageClass.Integer:
                text.Append(value.Int64.ToString(CultureInfo.InvariantCulture));
                break;
            case StorageClass.Real when double.IsInfinity(value.Double):
                text.Append("{\"real\":\"").Append(BitConverter.DoubleToUInt64Bits(value.Double).ToString("x16", CultureInfo.InvariantCulture)).Append("\"}");
                break;
            case StorageClass.Real:
                text.Append(Shortest(value.Double));
                break;
            case StorageClass.Text when PlainText(value, encoding) is string plain:
                AppendString(text, plain);
                break;
            case StorageClass.Text:
                text.Append("{\"text_hex\":\"").Append(Convert.ToHexStringLower(value.Blob)).Append("\"}");
                break;
            default:
                text.Append("{\"blob\":\"").Append(Convert.ToHexStringLower(value.Blob)).Append("\"}");
                break;
        }
    }

    /// <summary>Appends a JSON string.</summary>
    public static void AppendString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (char letter in value)
        {
            if (letter is '"' or '\\')
            {
                text.Append('\\').Append(letter);
            }
            else if (letter < ' ')
            {
                text.Append("\\u").Append(((int)letter).ToString("x4", CultureInfo.InvariantCulture));
            }
            else
            {
                text.Append(letter);
            }
        }

        text.Append('"');
    }

    /// <summary>The text of a TEXT value that is valid and has no NUL; null otherwise.</summary>
    public static string? PlainText(Value value, Encoding encoding)
    {
        try
        {
            string text = encoding.GetString(value.Blob);
            return text.Contains('\0', StringComparison.Ordinal) ? null : text;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>The shortest digits that name the number, with a point or an exponent.</summary>
    private static string Shortest(double value) => Marked(value.ToString("R", CultureInfo.InvariantCulture));

    /// <summary>The literal of a real: the shortest that SQLite reads back as the same number, otherwise 17 digits.</summary>
    private static string Real(double value, IRealReader reader)
    {
        if (double.IsInfinity(value))
        {
            return value > 0 ? "9e999" : "-9e999";
        }

        string shortest = Shortest(value);
        return reader.Reads(shortest, value) ? shortest : Marked(value.ToString("E16", CultureInfo.InvariantCulture));
    }

    private static string Marked(string digits)
    {
        string text = digits.Replace("E+", "e+", StringComparison.Ordinal).Replace("E-", "e-", StringComparison.Ordinal);
        return text.AsSpan().IndexOfAny('.', 'e') < 0 ? text + ".0" : text;
    }
}
