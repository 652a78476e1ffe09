namespace ChunkSync.Chunks;

/// <summary>The body buffer of the last scan, if it is small: a host that pages with small chunks makes a scan per page, and fresh
/// memory costs a page fault per 4 kB.</summary>
internal sealed class SpareBody : IDisposable
{
    /// <summary>The largest buffer that an idle connection keeps, in bytes.</summary>
    private const int MaxKept = 512 * 1024;

    private ChunkBody? spare;

    /// <summary>The kept buffer, or a new one.</summary>
    public ChunkBody Take()
    {
        ChunkBody body = spare ?? new ChunkBody();
        spare = null;
        body.Clear();
        return body;
    }

    /// <summary>Keeps a buffer, or frees it when it is large or one is kept already.</summary>
    public void Return(ChunkBody body)
    {
        if (spare == null && body.Capacity <= MaxKept)
        {
            spare = body;
        }
        else
        {
            body.Dispose();
        }
    }

    public void Dispose()
    {
        spare?.Dispose();
        spare = null;
    }
}
