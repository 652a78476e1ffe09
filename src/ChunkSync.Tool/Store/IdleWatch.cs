namespace ChunkSync.Tool;

/// <summary>Cancels what waits for a server once nothing has moved for some time.</summary>
internal sealed class IdleWatch : IDisposable
{
    private readonly TimeSpan limit;
    private readonly CancellationToken cancellation;
    private readonly CancellationTokenSource source;

    /// <summary>Begins it.</summary>
    /// <param name="limit">The time.</param>
    /// <param name="cancellation">Cancels as well.</param>
    public IdleWatch(TimeSpan limit, CancellationToken cancellation)
    {
        (this.limit, this.cancellation) = (limit, cancellation);
        source = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Restart();
    }

    /// <summary>What is cancelled.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>Whether the time is over.</summary>
    public bool IsOver => source.IsCancellationRequested && !cancellation.IsCancellationRequested;

    /// <summary>The failure in words.</summary>
    public string Text => $"the server sent nothing for {limit.TotalSeconds:0} seconds";

    /// <summary>Something has moved: the time begins again.</summary>
    public void Restart() => source.CancelAfter(limit);

    /// <inheritdoc/>
    public void Dispose() => source.Dispose();
}
