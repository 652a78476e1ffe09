namespace ChunkSync.Backfill;

/// <summary>Finds the chunks of a plan one after the other.</summary>
internal abstract class ChunkStrategy : IDisposable
{
    /// <summary>Whether rows and bytes are counted, not estimated.</summary>
    public virtual bool IsExact => true;

    /// <summary>The even schedule that a later page needs: N and K.</summary>
    public virtual EvenSchedule Schedule => default;

    /// <summary>Another number that a later page needs, from 0.</summary>
    public virtual long State => 0;

    /// <summary>The chunk that begins at a cut.</summary>
    /// <param name="lower">The upper cut of the chunk before it; null for the first.</param>
    public abstract BackfillChunk Next(Cut? lower);

    public virtual void Dispose()
    {
    }
}
