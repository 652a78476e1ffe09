namespace ChunkSync.Client;

/// <summary>What is to be read: the changes behind a version, or from a cursor on, up to a version.</summary>
public sealed record ChunkWindow
{
    /// <summary>The changes behind a version.</summary>
    /// <param name="since">The version; 0 for all changes.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public ChunkWindow(long since)
        : this(ChunkCursor.Behind(since)) => ArgumentOutOfRangeException.ThrowIfNegative(since);

    /// <summary>The changes from a cursor on, for example from where a gap begins.</summary>
    /// <param name="from">The first position.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of its numbers is negative.</exception>
    public ChunkWindow(ChunkCursor from)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from.DbVersion, nameof(from));
        ArgumentOutOfRangeException.ThrowIfNegative(from.Seq, nameof(from));
        ArgumentOutOfRangeException.ThrowIfNegative(from.Offset, nameof(from));
        From = from;
    }

    /// <summary>The first position.</summary>
    public ChunkCursor From { get; }

    /// <summary>The last version; null for the newest one when the first chunk is read. Take it from a chunk's watermark or from a gap: a version that does
    /// not exist yet would be promised to be whole. Up to 0 there is nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public long? Until
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value ?? 0, nameof(Until));
            field = value;
        }
    }

    /// <summary>Whose changes; this database's own unless it is set.</summary>
    public ChunkSites Sites { get; init; }

    /// <summary>Ends the window at the end of a version once so many bytes, before compression, are out; 0 for no limit.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public long MaxWindowBytes
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value, nameof(MaxWindowBytes));
            field = value;
        }
    }
}
