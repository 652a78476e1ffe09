namespace ChunkSync.Tests.Limits;

/// <summary>Tests that read SQLite's memory counters or set its heap limit: both belong to the whole process, so nothing else may
/// run beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class MemoryCollection
{
    public const string Name = "memory";
}
