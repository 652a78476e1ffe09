namespace ChunkSync.Format;

/// <summary>One decoded value. TEXT and BLOB point into the buffer that was read.</summary>
internal unsafe struct WireValue
{
    public WireKind Kind;
    public long Integer;
    public double Real;

    /// <summary>The bytes of a TEXT or BLOB.</summary>
    public byte* Data;
    public long Length;

    /// <summary>The bytes of a TEXT or BLOB; spans are limited to 2^31-1 bytes, and so are bodies.</summary>
    public readonly ReadOnlySpan<byte> Bytes => new(Data, (int)Length);

    /// <summary>Whether the bytes of the TEXT or BLOB are not in memory: only what it was read from can give them.</summary>
    public readonly bool IsElsewhere => Data == null && Length > 0;
}
