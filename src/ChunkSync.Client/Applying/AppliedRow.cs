namespace ChunkSync.Client;

/// <summary>A row that a call changed: a row of <c>cloudsync_applied</c>.</summary>
/// <param name="Table">The table; empty for <see cref="AppliedKind.More"/>.</param>
/// <param name="PrimaryKey">The key as payloads carry it; <c>cloudsync_pk_decode</c> takes it apart.</param>
/// <param name="Key">The key for people.</param>
/// <param name="Kind">What happened to it.</param>
/// <param name="Columns">The columns that were written, with commas between them.</param>
/// <param name="Writes">How often it was written.</param>
public sealed record AppliedRow(string Table, ReadOnlyMemory<byte> PrimaryKey, string Key, AppliedKind Kind, string Columns, long Writes);
