using System.Text.Json.Serialization;

namespace ChunkSync.Tool;

/// <summary>The changes of a version, or of several beside each other.</summary>
/// <param name="First">The first version.</param>
/// <param name="Last">The last version.</param>
/// <param name="Changes">The changes of the window there.</param>
internal sealed record ReportVersions(long First, long Last, long Changes)
{
    /// <summary>Which they are, for people.</summary>
    [JsonIgnore]
    public string Name => First == Last ? $"{First}" : $"{First} – {Last}";
}
