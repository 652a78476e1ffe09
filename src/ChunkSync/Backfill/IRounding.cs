namespace ChunkSync.Backfill;

/// <summary>Proposes round boundaries between two values.</summary>
internal interface IRounding
{
    /// <summary>Boundaries above <paramref name="low"/> and not above <paramref name="high"/>, the roundest first. SQLite has the last word
    /// on whether they are.</summary>
    List<RoundValue> Candidates(KeyValue low, KeyValue high);
}
