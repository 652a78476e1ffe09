namespace ChunkSync.Sqlite;

/// <summary>Values as messages show them.</summary>
internal static class SqlText
{
    /// <summary>A value as messages show it, shortened.</summary>
    public static string Describe(Value value)
    {
        const int Shown = 40;
        if (value.IsNull)
        {
            return "NULL";
        }

        if (value.Type == StorageClass.Blob)
        {
            ReadOnlySpan<byte> blob = value.Blob;
            return "x'" + Convert.ToHexStringLower(blob[..Math.Min(blob.Length, Shown)]) + (blob.Length > Shown ? "…" : "") + "'";
        }

        bool quoted = value.Type == StorageClass.Text;
        ReadOnlySpan<byte> bytes = value.Text;
        int nul = bytes.IndexOf((byte)0);
        bytes = nul < 0 ? bytes : bytes[..nul];
        string text = System.Text.Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, 4 * (Shown + 1))]);
        text = text.Length > Shown ? text[..Shown] + "…" : text;
        return quoted ? "'" + text + "'" : text;
    }
}
