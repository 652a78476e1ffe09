using System.Buffers.Text;

namespace ChunkSync.Format;

/// <summary>The col_name of a fragment row (format B.1):
/// <c>__cloudsync_frag_v1__:value_id:checksum:part_index:part_count:total_size:column</c>, value_id as 32 and checksum as 16
/// lower-case hex digits, numbers in plain decimal.</summary>
internal readonly ref struct FragmentName
{
    private const int HexLength = 16;
    private const int MaxDigits = 19;

    private FragmentName(ReadOnlySpan<byte> valueId, ReadOnlySpan<byte> checksum, long index, long count, long total, ReadOnlySpan<byte> column)
    {
        ValueId = valueId;
        Checksum = checksum;
        PartIndex = index;
        PartCount = count;
        TotalSize = total;
        Column = column;
    }

    public static ReadOnlySpan<byte> Prefix => "__cloudsync_frag_v1__:"u8;

    /// <summary>32 hex digits as received.</summary>
    public ReadOnlySpan<byte> ValueId { get; }

    /// <summary>16 hex digits as received.</summary>
    public ReadOnlySpan<byte> Checksum { get; }

    public long PartIndex { get; }

    public long PartCount { get; }

    public long TotalSize { get; }

    /// <summary>The real column name.</summary>
    public ReadOnlySpan<byte> Column { get; }

    /// <summary>The length of a fragment's name.</summary>
    public static long LengthOf(long index, long count, long total, int columnName) =>
        Prefix.Length + (2 * HexLength) + 1 + HexLength + 1 + Digits(index) + 1 + Digits(count) + 1 + Digits(total) + 1 + columnName;

    /// <summary>Writes a name into a buffer of <see cref="LengthOf"/> bytes.</summary>
    public static void Write(Span<byte> target, in FragmentIdentity identity, long index, in FragmentPlan plan, ReadOnlySpan<byte> column)
    {
        Prefix.CopyTo(target);
        target = target[Prefix.Length..];
        WriteHex(ref target, identity.High);
        WriteHex(ref target, identity.Low);
        WriteColon(ref target);
        WriteHex(ref target, identity.Checksum);
        WriteColon(ref target);
        WriteNumber(ref target, index);
        WriteNumber(ref target, plan.PartCount);
        WriteNumber(ref target, plan.TotalSize);
        Check.That(index >= 0 && index < plan.PartCount);
        Check.That(target.Length == column.Length);
        column.CopyTo(target);
    }

    /// <summary>Parses a received name; false when it is not one. 0 ≤ part_index &lt; part_count holds then.</summary>
    public static bool TryParse(ReadOnlySpan<byte> name, out FragmentName parsed)
    {
        parsed = default;
        if (!name.StartsWith(Prefix))
        {
            return false;
        }

        ReadOnlySpan<byte> rest = name[Prefix.Length..];
        if (!TryHex(ref rest, 2 * HexLength, out ReadOnlySpan<byte> id) || !TryHex(ref rest, HexLength, out ReadOnlySpan<byte> checksum)
            || !TryNumber(ref rest, out long index) || !TryNumber(ref rest, out long count) || !TryNumber(ref rest, out long total)
            || index >= count)
        {
            return false;
        }

        parsed = new FragmentName(id, checksum, index, count, total, rest);
        Check.That(name.Length >= LengthOf(index, count, total, rest.Length));
        return true;
    }

    private static int Digits(long value)
    {
        int digits = 1;
        while (value >= 10)
        {
            value /= 10;
            digits++;
        }

        return digits;
    }

    private static void WriteHex(ref Span<byte> target, ulong value)
    {
        for (int i = 0; i < HexLength; i++)
        {
            target[i] = "0123456789abcdef"u8[(int)(value >> (60 - (4 * i))) & 15];
        }

        target = target[HexLength..];
    }

    private static void WriteColon(ref Span<byte> target)
    {
        target[0] = (byte)':';
        target = target[1..];
    }

    private static void WriteNumber(ref Span<byte> target, long value)
    {
        Utf8Formatter.TryFormat(value, target, out int written);
        target = target[written..];
        WriteColon(ref target);
    }

    private static bool TryHex(scoped ref ReadOnlySpan<byte> rest, int length, out ReadOnlySpan<byte> hex)
    {
        hex = default;
        if (rest.Length <= length || rest[length] != (byte)':')
        {
            return false;
        }

        hex = rest[..length];
        rest = rest[(length + 1)..];
        return true;
    }

    private static bool TryNumber(scoped ref ReadOnlySpan<byte> rest, out long value)
    {
        value = 0;
        int colon = rest.IndexOf((byte)':');
        if (colon is < 1 or > MaxDigits)
        {
            return false;
        }

        foreach (byte digit in rest[..colon])
        {
            if (digit is < (byte)'0' or > (byte)'9' || value > (long.MaxValue - 9) / 10)
            {
                return false;
            }

            value = (value * 10) + (digit - '0');
        }

        rest = rest[(colon + 1)..];
        return true;
    }
}
