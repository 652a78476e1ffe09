using System.Diagnostics.CodeAnalysis;

namespace ChunkSync.Sqlite;

/// <summary>Compares UTF-8 identifiers as SQLite does (<see cref="AsciiNames"/>), for dictionaries that are asked with bytes.</summary>
internal sealed class AsciiNameComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public bool Equals(byte[]? x, byte[]? y) => x == y || (x != null && y != null && AsciiNames.Same(x, y));

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => AsciiNames.Same(alternate, other);

    public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        HashCode hash = default;
        foreach (byte letter in alternate)
        {
            hash.Add(AsciiNames.Lower(letter));
        }

        return hash.ToHashCode();
    }

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
}
