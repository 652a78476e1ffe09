namespace ChunkSync.Tests.Host;

/// <summary>A TEXT value that is not valid UTF-8.</summary>
public sealed record RawText(byte[] Bytes)
{
    public bool Equals(RawText? other) => other != null && Bytes.AsSpan().SequenceEqual(other.Bytes);

    public override int GetHashCode() => Bytes.Length;
}
