namespace ChunkSync.Changes;

/// <summary>The part of the stream that a scan covers.</summary>
internal sealed class ScanRange
{
    public ScanStart Start { get; set; }

    /// <summary>Lowest db_version, inclusive.</summary>
    public long FromDbVersion { get; set; }

    /// <summary>Lowest seq at <see cref="FromDbVersion"/>, inclusive; for <see cref="ScanStart.Position"/> and
    /// <see cref="ScanStart.Row"/>.</summary>
    public long FromSeq { get; set; }

    /// <summary>The first row at the position, for <see cref="ScanStart.Row"/>.</summary>
    public RowKey? FromRow { get; set; }

    /// <summary>Highest db_version, inclusive.</summary>
    public long ToDbVersion { get; set; }

    public SiteFilter Filter { get; set; }

    /// <summary>The ordinal of the filter's site.</summary>
    public long SiteOrdinal { get; set; }

    /// <summary>Only this table, by its exact name; null for all.</summary>
    public byte[]? OnlyTable { get; set; }
}
