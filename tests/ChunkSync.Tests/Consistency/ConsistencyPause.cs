namespace ChunkSync.Tests.Consistency;

/// <summary>Holds the checks of a database back until it is disposed.</summary>
internal sealed class ConsistencyPause : IDisposable
{
    private ConsistencyWatch? watch;

    public ConsistencyPause(ConsistencyWatch? watch)
    {
        this.watch = watch;
        if (watch != null)
        {
            watch.Pauses++;
        }
    }

    public void Dispose()
    {
        if (watch != null)
        {
            watch.Pauses--;
        }

        watch = null;
    }
}
