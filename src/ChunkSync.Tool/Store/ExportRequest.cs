using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>What an export shall hold. What an export that is there already says of itself counts; what is asked for must fit it.</summary>
internal sealed record ExportRequest
{
    /// <summary>Where the first window begins; null for the beginning of the stream.</summary>
    public ChunkCursor? From { get; init; }

    /// <summary>The last version; null for the newest.</summary>
    public long? Until { get; init; }

    /// <summary>Whose changes; null for the database's own, or those that the export has.</summary>
    public ChunkSites? Sites { get; init; }

    /// <summary>The size of chunks before compression; null for the database's setting, or that of the window that is there.</summary>
    public int? ChunkSize { get; init; }

    /// <summary>The budget of a new window; 0 for none.</summary>
    public long MaxWindowBytes { get; init; }

    /// <summary>Whether it begins anew.</summary>
    public bool Restart { get; init; }

    /// <summary>Whether progress shall know how much there is; that is counted before.</summary>
    public bool WithTotals { get; init; }

    /// <summary>The number that a new window gets; nothing is to be done where the export has reached it.</summary>
    public long? Generation { get; init; }

    /// <summary>The site id that the place is for; null for the one that the database has now.</summary>
    public SiteId? Site { get; init; }

    /// <summary>Looks at the head that is there before it is gone on with, and throws where that must not be; null for nobody.</summary>
    public Func<ExportHead?, Task>? Accept { get; init; }
}
