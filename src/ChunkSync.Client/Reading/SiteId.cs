using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace ChunkSync.Client;

/// <summary>The id of a database as a sender: 16 bytes, made by the first <c>cloudsync_init</c>.</summary>
/// <remarks>Text is 32 hex digits; a UUID with dashes is read, too.</remarks>
public readonly struct SiteId : IEquatable<SiteId>, ISpanParsable<SiteId>, ISpanFormattable
{
    /// <summary>The number of bytes.</summary>
    public const int Length = 16;

    private const int HexLength = 2 * Length;
    private const int UuidLength = HexLength + 4;

    private readonly ulong high;
    private readonly ulong low;

    /// <summary>Takes the bytes over.</summary>
    /// <param name="bytes">16 bytes.</param>
    /// <exception cref="ArgumentException">There are more or fewer.</exception>
    public SiteId(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length)
        {
            throw new ArgumentException($"a site id has {Length} bytes, not {bytes.Length}", nameof(bytes));
        }

        high = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        low = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
    }

    /// <summary>Whether all bytes are zero: the id of a database in which nothing was ever tracked.</summary>
    public bool IsEmpty => (high | low) == 0;

    /// <summary>Whether two ids are equal.</summary>
    public static bool operator ==(SiteId left, SiteId right) => left.Equals(right);

    /// <summary>Whether two ids differ.</summary>
    public static bool operator !=(SiteId left, SiteId right) => !left.Equals(right);

    /// <summary>Reads 32 hex digits, or a UUID with dashes.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="FormatException">It is neither.</exception>
    public static SiteId Parse(string text) => Parse(text.AsSpan(), null);

    /// <inheritdoc/>
    public static SiteId Parse(string s, IFormatProvider? provider) => Parse(s.AsSpan(), provider);

    /// <inheritdoc/>
    public static SiteId Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => TryParse(s, provider, out SiteId id)
        ? id
        : throw new FormatException($"'{s}' is no site id: 32 hex digits, or a UUID");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out SiteId result) =>
        TryParse(s.AsSpan(), provider, out result);

    /// <inheritdoc/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out SiteId result)
    {
        result = default;
        Span<char> digits = stackalloc char[HexLength];
        if (s.Length == UuidLength && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-')
        {
            s[..8].CopyTo(digits);
            s[9..13].CopyTo(digits[8..]);
            s[14..18].CopyTo(digits[12..]);
            s[19..23].CopyTo(digits[16..]);
            s[24..].CopyTo(digits[20..]);
        }
        else if (!s.TryCopyTo(digits) || s.Length != HexLength)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[Length];
        if (Convert.FromHexString(digits, bytes, out _, out int written) != System.Buffers.OperationStatus.Done || written != Length)
        {
            return false;
        }

        result = new SiteId(bytes);
        return true;
    }

    /// <summary>Writes the bytes.</summary>
    /// <param name="target">At least 16 bytes.</param>
    public void CopyTo(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt64BigEndian(target, high);
        BinaryPrimitives.WriteUInt64BigEndian(target[8..], low);
    }

    /// <summary>The bytes in an array of their own.</summary>
    public byte[] ToByteArray()
    {
        byte[] bytes = new byte[Length];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>The id as a UUID with dashes.</summary>
    public string ToUuid()
    {
        string hex = ToString();
        return $"{hex[..8]}-{hex[8..12]}-{hex[12..16]}-{hex[16..20]}-{hex[20..]}";
    }

    /// <inheritdoc/>
    public bool Equals(SiteId other) => high == other.high && low == other.low;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SiteId other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(high, low);

    /// <summary>32 hex digits in lower case.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{high:x16}{low:x16}");

    /// <inheritdoc/>
    public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

    /// <inheritdoc/>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        destination.TryWrite(CultureInfo.InvariantCulture, $"{high:x16}{low:x16}", out charsWritten);
}
