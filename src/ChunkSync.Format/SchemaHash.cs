using System.Text;

namespace ChunkSync.Format;

/// <summary>The schema hash (behaviour E.7): FNV64 over <c>tbl:col:type:pk,…</c>, read through a normaliser that treats the string like
/// SQL. Outside quotes letters are lower-cased, bytes outside 0x20-0x7E and semicolons skipped, runs of spaces folded (and
/// dropped before <c>( ) , ;</c> and at the end), comments skipped; inside quotes bytes count as they are.</summary>
internal static class SchemaHash
{
    /// <summary>The hash of a schema string.</summary>
    public static long Of(string schema)
    {
        byte[] text = Encoding.UTF8.GetBytes(schema);
        Fnv1a64 hash = new(Fnv1a64.OffsetBasis);
        byte quote = 0;
        int i = 0;
        while (i < text.Length)
        {
            byte letter = text[i];
            byte following = i + 1 < text.Length ? text[i + 1] : (byte)0;
            if (quote != 0)
            {
                hash.Add(letter);
                bool doubled = letter == quote && following == quote;
                quote = letter == quote && !doubled ? (byte)0 : quote;
                i += doubled ? 2 : 1;
                continue;
            }

            if (TrySkipComment(text, ref i))
            {
                continue;
            }

            i++;
            if (letter == (byte)' ')
            {
                bool folded = following is (byte)' ' or (byte)'(' or (byte)')' or (byte)',' or (byte)';' || i == text.Length;
                if (!folded)
                {
                    hash.Add(letter);
                }

                continue;
            }

            if (letter is < 0x20 or > 0x7E or (byte)';')
            {
                continue;
            }

            quote = letter is (byte)'\'' or (byte)'"' ? letter : (byte)0;
            hash.Add(letter is >= (byte)'A' and <= (byte)'Z' ? (byte)(letter | 0x20) : letter);
        }

        return (long)hash.Value;
    }

    /// <summary>The normalised type of a declared one: the first rule that fits.</summary>
    public static string TypeOf(string declared)
    {
        string type = declared.ToUpperInvariant();
        if (type.Contains("INT", StringComparison.Ordinal))
        {
            return "integer";
        }

        if (type.Contains("CHAR", StringComparison.Ordinal) || type.Contains("CLOB", StringComparison.Ordinal)
            || type.Contains("TEXT", StringComparison.Ordinal))
        {
            return "text";
        }

        if (type.Length == 0 || type.Contains("BLOB", StringComparison.Ordinal))
        {
            return "blob";
        }

        if (type.Contains("REAL", StringComparison.Ordinal) || type.Contains("FLOA", StringComparison.Ordinal)
            || type.Contains("DOUB", StringComparison.Ordinal))
        {
            return "real";
        }

        return type is "NUMERIC" or "DECIMAL" ? "numeric" : "text";
    }

    private static bool TrySkipComment(byte[] text, ref int i)
    {
        if (i + 1 >= text.Length)
        {
            return false;
        }

        if (text[i] == (byte)'-' && text[i + 1] == (byte)'-')
        {
            int end = Array.IndexOf(text, (byte)'\n', i);
            i = end < 0 ? text.Length : end;
            return true;
        }

        if (text[i] == (byte)'/' && text[i + 1] == (byte)'*')
        {
            int end = text.AsSpan(i + 2).IndexOf("*/"u8);
            i = end < 0 ? text.Length : i + 2 + end + 2;
            return true;
        }

        return false;
    }
}
