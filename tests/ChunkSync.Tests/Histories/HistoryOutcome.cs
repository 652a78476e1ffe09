namespace ChunkSync.Tests.Histories;

/// <summary>How a history ended.</summary>
/// <param name="Failure">What went wrong; null for nothing.</param>
/// <param name="At">The step in which it went wrong; default for the exchange at the end.</param>
/// <param name="Script">What was done.</param>
internal sealed record HistoryOutcome(Exception? Failure, HistoryStep? At, HistoryScript Script)
{
    /// <summary>The kind of failure: the words before the first value.</summary>
    public string Kind => Failure == null ? "" : Failure.Message.Split(':')[0];
}
