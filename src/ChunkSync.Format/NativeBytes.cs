namespace ChunkSync.Format;

/// <summary>Bytes in native memory that others own: valid as long as what they were taken from stays in place.</summary>
/// <param name="data">The first byte.</param>
/// <param name="length">How many there are.</param>
internal readonly unsafe struct NativeBytes(byte* data, int length)
{
    /// <summary>The first byte.</summary>
    public byte* Data => data;

    /// <summary>How many there are.</summary>
    public int Length => length;

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Span => new(data, length);
}
