namespace ChunkSync.Tool;

/// <summary>A table that is, could be, or cannot be tracked.</summary>
/// <param name="Table">Its name.</param>
/// <param name="IsTracked">Whether it is tracked.</param>
/// <param name="CanBeTracked">Whether it is or could be.</param>
/// <param name="Reason">Why not.</param>
/// <param name="Cure">What would help.</param>
internal sealed record TableChoice(string Table, bool IsTracked, bool CanBeTracked, string? Reason, string? Cure);
