using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Serialization;
using System.Text.Unicode;

namespace ChunkSync.Client;

/// <summary>A position in a database's stream of changes. Its text is <c>db_version.seq.offset</c>: <c>12.0.262144</c>.</summary>
/// <param name="DbVersion">The db_version, from 0.</param>
/// <param name="Seq">The change inside that version, from 0.</param>
/// <param name="Offset">Bytes inside the position: of a value that is longer than a chunk, or of changes that share a position.</param>
[JsonConverter(typeof(ChunkCursorConverter))]
public readonly record struct ChunkCursor(long DbVersion, long Seq, long Offset)
    : IComparable<ChunkCursor>, ISpanParsable<ChunkCursor>, ISpanFormattable, IUtf8SpanFormattable
{
    /// <summary>Where every stream begins: 1.0.0.</summary>
    public static ChunkCursor Start { get; } = new(1, 0, 0);

    /// <summary>Whether a position comes before another.</summary>
    public static bool operator <(ChunkCursor left, ChunkCursor right) => left.CompareTo(right) < 0;

    /// <summary>Whether a position comes behind another.</summary>
    public static bool operator >(ChunkCursor left, ChunkCursor right) => left.CompareTo(right) > 0;

    /// <summary>Whether a position does not come behind another.</summary>
    public static bool operator <=(ChunkCursor left, ChunkCursor right) => left.CompareTo(right) <= 0;

    /// <summary>Whether a position does not come before another.</summary>
    public static bool operator >=(ChunkCursor left, ChunkCursor right) => left.CompareTo(right) >= 0;

    /// <summary>Where a window behind a version begins: (since + 1).0.0.</summary>
    /// <param name="since">The version that is not sent any more.</param>
    public static ChunkCursor Behind(long since) => new(since == long.MaxValue ? since : since + 1, 0, 0);

    /// <summary>Reads a text.</summary>
    /// <param name="text">Three numbers with dots between them.</param>
    /// <exception cref="FormatException">It is none.</exception>
    public static ChunkCursor Parse(string text) => Parse(text.AsSpan(), null);

    /// <inheritdoc/>
    public static ChunkCursor Parse(string s, IFormatProvider? provider) => Parse(s.AsSpan(), provider);

    /// <inheritdoc/>
    public static ChunkCursor Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => TryParse(s, provider, out ChunkCursor cursor)
        ? cursor
        : throw new FormatException($"'{s}' is no cursor: db_version.seq.offset, such as 12.0.262144");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out ChunkCursor result) =>
        TryParse(s.AsSpan(), provider, out result);

    /// <inheritdoc/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out ChunkCursor result)
    {
        result = default;
        Span<Range> parts = stackalloc Range[4];
        if (s.Split(parts, '.') != 3 || !TryNumber(s[parts[0]], out long version) || !TryNumber(s[parts[1]], out long seq)
            || !TryNumber(s[parts[2]], out long offset))
        {
            return false;
        }

        result = new ChunkCursor(version, seq, offset);
        return true;
    }

    /// <inheritdoc/>
    public int CompareTo(ChunkCursor other)
    {
        int order = DbVersion.CompareTo(other.DbVersion);
        order = order != 0 ? order : Seq.CompareTo(other.Seq);
        return order != 0 ? order : Offset.CompareTo(other.Offset);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{DbVersion}.{Seq}.{Offset}");

    /// <inheritdoc/>
    public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

    /// <inheritdoc/>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        destination.TryWrite(CultureInfo.InvariantCulture, $"{DbVersion}.{Seq}.{Offset}", out charsWritten);

    /// <inheritdoc/>
    public bool TryFormat(Span<byte> utf8Destination, out int bytesWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        Utf8.TryWrite(utf8Destination, CultureInfo.InvariantCulture, $"{DbVersion}.{Seq}.{Offset}", out bytesWritten);

    /// <summary>Digits alone, and no zero before others: one position has one text.</summary>
    private static bool TryNumber(ReadOnlySpan<char> text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && (text[0] != '0' || text.Length == 1);
}
