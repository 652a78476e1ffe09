using ChunkSync.Format;

namespace ChunkSync.Backfill;

/// <summary>Decides at which entries a walk stops, and counts the chunks between them.</summary>
internal abstract class ChunkRule
{
    /// <summary>Whether the rows' weights are asked for.</summary>
    public virtual bool NeedsWeight => false;

    /// <summary>The rows of the chunk that ended where the walk stopped last, or at its end.</summary>
    public long Rows { get; protected set; }

    /// <summary>The bytes of the same chunk; null where weights are not asked for.</summary>
    public long? Bytes { get; protected set; }

    /// <summary>A number that a later page needs to go on.</summary>
    public virtual long State => 0;

    /// <summary>How many of the next entries the walk surely does not stop at, where they need only be counted.</summary>
    public virtual long Idle => 0;

    /// <summary>Counts entries, at most as many as <see cref="Idle"/>.</summary>
    public virtual void Pass(long entries) => Check.That(entries == 0);

    /// <summary>Counts one entry; true when the walk stops there.</summary>
    /// <param name="weight">The row's weight in bytes; 0 where it was not asked for.</param>
    public abstract bool Add(long weight);

    /// <summary>The walk has ended: what is counted is the last chunk's.</summary>
    public abstract void End();
}
