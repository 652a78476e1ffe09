namespace ChunkSync.Tests.Histories;

/// <summary>A history as data: how many replicas there are, and what they do.</summary>
internal sealed record History(int Replicas, IReadOnlyList<HistoryStep> Steps)
{
    public override string ToString() => $"{Replicas} replicas: " + string.Join(" ", Steps.Select(
        step => $"{step.Kind}({step.Replica},{step.A},{step.B},{step.C})"));
}
