using System.Text.Json.Serialization;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>A chunk as a send would cut it.</summary>
/// <param name="Index">Which one, from 0.</param>
/// <param name="Rows">Its changes.</param>
/// <param name="DbVersionMin">The version of its first change.</param>
/// <param name="DbVersionMax">The version of its last change.</param>
/// <param name="From">Where it begins.</param>
/// <param name="Next">Where the next one begins.</param>
/// <param name="Bytes">Its bytes before compression.</param>
/// <param name="IsFinal">Whether it is the last one.</param>
/// <param name="Fragment">Which part of a long value it is; null for whole changes.</param>
/// <param name="Tables">The tables of its changes.</param>
internal sealed record PlannedChunkLine(
    long Index,
    long Rows,
    long DbVersionMin,
    long DbVersionMax,
    ChunkCursor From,
    ChunkCursor Next,
    long Bytes,
    bool IsFinal,
    PlannedPart? Fragment,
    IReadOnlyList<string> Tables)
{
    /// <summary>What it holds, for people.</summary>
    [JsonIgnore]
    public string What => Fragment is PlannedPart part
        ? $"{string.Join(", ", Tables)}.{part.ColName}, part {part.Part} of {part.Parts}"
        : string.Join(", ", Tables);

    /// <summary>Its versions, for people.</summary>
    [JsonIgnore]
    public string Versions => DbVersionMin == DbVersionMax ? $"{DbVersionMin}" : $"{DbVersionMin} – {DbVersionMax}";
}
