using System.Globalization;
using System.Text;
using ChunkSync.Format;

namespace ChunkSync.Keys;

/// <summary>Primary-key blobs for people: the values as SQL literals.</summary>
internal static unsafe class KeyText
{
    private const int ShownBytes = 64;

    /// <inheritdoc cref="Describe(NativeBytes)"/>
    public static string Describe(ReadOnlySpan<byte> key)
    {
        fixed (byte* bytes = key)
        {
            return Describe(new NativeBytes(bytes, key.Length));
        }
    }

    /// <summary>The values of a pk blob, for messages; long ones are cut.</summary>
    public static string Describe(NativeBytes key)
    {
        if (key.Length < 1)
        {
            return "x''";
        }

        StringBuilder text = new();
        ValueReader reader = new(key.Data + 1, key.Length - 1);
        for (int i = 0; i < key.Data[0]; i++)
        {
            if (!reader.TryRead(out WireValue value))
            {
                return "x'" + Convert.ToHexStringLower(key.Span[..Math.Min(key.Length, ShownBytes)]) + "'";
            }

            text.Append(i == 0 ? "" : ", ").Append(Literal(value));
        }

        return text.ToString();
    }

    private static string Literal(in WireValue value)
    {
        int shown = (int)Math.Min(value.Length, ShownBytes);
        string more = value.Length > ShownBytes ? "…" : "";
        return value.Kind switch
        {
            WireKind.Integer => value.Integer.ToString(CultureInfo.InvariantCulture),
            WireKind.Real => value.Real.ToString("R", CultureInfo.InvariantCulture),
            WireKind.Text => "'" + Encoding.UTF8.GetString(value.Data, shown) + more + "'",
            WireKind.Blob => "x'" + Convert.ToHexStringLower(new ReadOnlySpan<byte>(value.Data, shown)) + more + "'",
            _ => "NULL",
        };
    }
}
