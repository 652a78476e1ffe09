using System.Text.Json.Serialization;

namespace ChunkSync.Tool;

/// <summary>What was written to a store that devices share.</summary>
/// <param name="Chunks">The chunks.</param>
/// <param name="Rows">The changes in them.</param>
/// <param name="Bytes">The bytes of their payloads.</param>
/// <param name="UntilDbVersion">Up to which version the store has this database's changes now.</param>
/// <param name="Removed">How many objects were removed that nobody needs any more; null where that was not asked for.</param>
internal sealed record PushResult(
    long Chunks, long Rows, long Bytes, long UntilDbVersion, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Removed);
