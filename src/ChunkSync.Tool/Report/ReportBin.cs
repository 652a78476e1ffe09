using System.Text.Json.Serialization;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>A chunk, or several beside each other where there are too many to show.</summary>
/// <param name="First">The first one's index.</param>
/// <param name="Last">The last one's index.</param>
/// <param name="Rows">Their changes.</param>
/// <param name="Bytes">Their bytes before compression.</param>
/// <param name="DbVersionMin">The first version.</param>
/// <param name="DbVersionMax">The last version.</param>
/// <param name="From">Where the first one begins.</param>
/// <param name="Next">Where the last one ends.</param>
/// <param name="Parts">How many of them are parts of long values.</param>
internal sealed record ReportBin(
    long First, long Last, long Rows, long Bytes, long DbVersionMin, long DbVersionMax, ChunkCursor From, ChunkCursor Next, long Parts)
{
    /// <summary>Which they are, for people.</summary>
    [JsonIgnore]
    public string Name => First == Last ? $"{First}" : $"{First} – {Last}";

    /// <summary>Their versions, for people.</summary>
    [JsonIgnore]
    public string Versions => DbVersionMin == DbVersionMax ? $"{DbVersionMin}" : $"{DbVersionMin} – {DbVersionMax}";

    /// <summary>The chunks of a plan in at most so many bins.</summary>
    public static List<ReportBin> Of(IReadOnlyList<PlannedChunkLine> chunks, int most)
    {
        int size = Math.Max(1, (chunks.Count + most - 1) / most);
        return
        [
            .. chunks.Chunk(size).Select(bin => new ReportBin(
                bin[0].Index, bin[^1].Index, bin.Sum(chunk => chunk.Rows), bin.Sum(chunk => chunk.Bytes), bin.Min(chunk => chunk.DbVersionMin),
                bin.Max(chunk => chunk.DbVersionMax), bin[0].From, bin[^1].Next, bin.Count(chunk => chunk.Fragment != null))),
        ];
    }
}
