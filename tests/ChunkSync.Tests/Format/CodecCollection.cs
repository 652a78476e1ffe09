namespace ChunkSync.Tests.Format;

/// <summary>Tests that change or name the codec in use, which belongs to the whole process. Others would not notice, the bytes are the
/// same, but these would.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class CodecCollection
{
    public const string Name = "codec";
}
