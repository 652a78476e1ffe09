namespace ChunkSync.Diagnostics;

/// <summary>Something that a check has found.</summary>
/// <param name="Id">Which check: stable for ever.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Table">The tracked table that it is about; null for the database.</param>
/// <param name="Key">An example: a column, a trigger, a row's key as SQL literals.</param>
/// <param name="Count">How many of them.</param>
/// <param name="Text">What is wrong, and what to do where no statement does it.</param>
/// <param name="Cure">SQL that can be pasted; null where there is none.</param>
internal sealed record Finding(string Id, Severity Severity, string? Table, string? Key, long Count, string Text, string? Cure);
