using ChunkSync.Sqlite;
namespace ChunkSync.Merge;
/// <summary>Placeholder until merged.</summary>
internal sealed class MergeEngine(Replica replica)
{
    public long Insert(ReadOnlySpan<Value> columns) { _ = replica; _ = columns; throw new EngineException(1, "x"); }
}
