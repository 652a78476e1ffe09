namespace ChunkSync.Tool;

/// <summary>Something that is wrong: a row of <c>cloudsync_check</c>, or what only the file shows (F01 and so on).</summary>
/// <param name="Id">Which check.</param>
/// <param name="Severity"><c>info</c>, <c>warning</c> or <c>error</c>.</param>
/// <param name="Tbl">The table that it is about; null for the database.</param>
/// <param name="Key">An example.</param>
/// <param name="N">How many.</param>
/// <param name="Text">What is wrong.</param>
/// <param name="Cure">What helps.</param>
internal sealed record DoctorFinding(string Id, string Severity, string? Tbl, string? Key, long N, string Text, string? Cure);
