using System.Globalization;
using ChunkSync.Changes;
using ChunkSync.Chunks;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>The hidden inputs of one scan, read and resolved (behaviour D.3, D.5).</summary>
internal sealed class ChunkQuery
{
    /// <summary>What the scan covers.</summary>
    public ScanRange Range { get; } = new();

    /// <summary>The window's upper bound, reported as the watermark.</summary>
    public long Watermark { get; private set; }

    /// <summary>Where to resume; null for the start of the window.</summary>
    public ResumePoint? Resume { get; private set; }

    /// <summary>Cap of the window in uncompressed bytes; 0 for none.</summary>
    public long WindowCap { get; private set; }

    /// <summary>Uncompressed bytes that earlier pages of the window have sent.</summary>
    public long WindowSpent { get; private set; }

    /// <summary>The chunk size of this query; null for the setting's.</summary>
    public long? ChunkSize { get; private set; }

    /// <summary>Reads the inputs.</summary>
    /// <param name="engine">The connection.</param>
    /// <param name="inputs">The bound values by input of <see cref="PayloadChunksTable"/>; handle 0 for unbound ones.</param>
    public static ChunkQuery Read(Engine engine, ReadOnlySpan<Value> inputs)
    {
        ChunkQuery query = new();
        query.ReadSites(engine, inputs[PayloadChunksTable.InputSite], inputs[PayloadChunksTable.InputExclude]);
        query.ReadResume(inputs);
        query.ReadLimits(inputs);
        query.ReadWindow(engine, inputs[PayloadChunksTable.InputSince], inputs[PayloadChunksTable.InputUntil]);
        return query;
    }

    private void ReadSites(Engine engine, Value site, Value exclude)
    {
        bool except = exclude.Handle != 0 && exclude.Int64 != 0;
        if (!site.IsGiven)
        {
            if (except)
            {
                throw Errors.Refused("cloudsync_payload_chunks: exclude_filter_site_id requires a non-NULL site_id");
            }

            Range.Filter = SiteFilter.Only;
            Range.SiteOrdinal = SiteDirectory.LocalOrdinal;
            return;
        }

        bool isBlob = site.Type == StorageClass.Blob;
        if (isBlob && site.Blob.IsEmpty)
        {
            Range.Filter = SiteFilter.None;
            return;
        }

        if (isBlob && engine.Session.Sites.Find(site.Blob) is long ordinal)
        {
            Range.Filter = except ? SiteFilter.Except : SiteFilter.Only;
            Range.SiteOrdinal = ordinal;
            return;
        }

        Range.Filter = except ? SiteFilter.All : SiteFilter.None;
    }

    private void ReadWindow(Engine engine, Value since, Value until)
    {
        long upper = until.Handle == 0 ? 0 : until.Int64;
        Watermark = upper != 0 ? upper : engine.Changes.NewestVersion(Range.Filter, Range.SiteOrdinal);
        Range.ToDbVersion = Watermark;
        if (Resume is ResumePoint resume)
        {
            Range.Start = ScanStart.Position;
            Range.FromDbVersion = resume.DbVersion;
            Range.FromSeq = resume.Seq;
            return;
        }

        long lower = since.Handle == 0 ? engine.Session.Settings.Integer(Settings.SendDbVersion) ?? 0 : since.Int64;
        Range.Start = ScanStart.Version;
        if (lower == long.MaxValue)
        {
            Range.Filter = SiteFilter.None;
            return;
        }

        Range.FromDbVersion = lower + 1;
        if (engine.Changes.IsBehindAll(Range))
        {
            Range.Filter = SiteFilter.None;
        }
    }

    private void ReadResume(ReadOnlySpan<Value> inputs)
    {
        long? dbVersion = NonNegative(inputs[PayloadChunksTable.InputResumeDbVersion], "resume_db_version");
        long? seq = NonNegative(inputs[PayloadChunksTable.InputResumeSeq], "resume_seq");
        long? offset = NonNegative(inputs[PayloadChunksTable.InputResumeOffset], "resume_frag_offset");
        if (dbVersion is long version)
        {
            Resume = new ResumePoint(version, seq ?? 0, offset ?? 0);
        }
    }

    private void ReadLimits(ReadOnlySpan<Value> inputs)
    {
        WindowCap = Math.Max(0, Exact(inputs[PayloadChunksTable.InputMaxWindowBytes], "max_window_bytes") ?? 0);
        WindowSpent = Math.Max(0, Exact(inputs[PayloadChunksTable.InputResumeWindowBytes], "resume_window_bytes") ?? 0);
        ChunkSize = Exact(inputs[PayloadChunksTable.InputMaxChunkSize], "max_chunk_size");
    }

    private static long? NonNegative(Value value, string field)
    {
        long? number = Exact(value, field);
        return number is null or >= 0
            ? number
            : throw Errors.Refused($"cloudsync_payload_chunks: {field} is {number}, it must not be negative; use the next_* columns of an earlier chunk")
                .As(FailureKind.Argument);
    }

    /// <summary>A number, or a value that is one in another storage class; null when it is not given.</summary>
    private static long? Exact(Value value, string field)
    {
        if (!value.IsGiven)
        {
            return null;
        }

        bool exact = value.Type switch
        {
            StorageClass.Integer => true,
            StorageClass.Real => value.Double is >= -9.2e18 and <= 9.2e18 && value.Double == Math.Floor(value.Double),
            StorageClass.Text => long.TryParse(value.Text, CultureInfo.InvariantCulture, out _),
            _ => false,
        };
        return exact
            ? value.Int64
            : throw Errors.Refused($"cloudsync_payload_chunks: {field} is {SqlText.Describe(value)}, it must be an integer").As(FailureKind.Argument);
    }
}
