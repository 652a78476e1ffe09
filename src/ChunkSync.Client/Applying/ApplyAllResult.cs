namespace ChunkSync.Client;

/// <summary>What an apply of many payloads did.</summary>
/// <param name="Payloads">How many there were.</param>
/// <param name="Changes">The changes in them.</param>
/// <param name="Bytes">Their length together.</param>
/// <param name="Waiting">As <see cref="ApplyResult.Waiting"/>, at the end.</param>
public readonly record struct ApplyAllResult(long Payloads, long Changes, long Bytes, long Waiting);
