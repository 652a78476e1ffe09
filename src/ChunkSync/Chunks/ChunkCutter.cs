using ChunkSync.Changes;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Chunks;

/// <summary>Cuts a stream of changes into chunks (format C) from any cursor, and says where the next one begins. Pure: it sees
/// changes through <see cref="IChangeSource"/> alone.</summary>
/// <remarks>Between two chunks the source stands on the first row that is not wholly sent. What is kept beside it is how far that
/// row's position and value are sent; with that every boundary has a cursor, also between rows that share a position.</remarks>
internal sealed class ChunkCutter(IChangeSource source, ChunkBody body) : IDisposable
{
    private readonly FragmentWriter fragments = new(source);
    private long watermark;
    private bool hasRow;

    /// <summary>Encoded bytes of the rows before the current one at its position.</summary>
    private long positionOffset;

    /// <summary>Bytes of the current row's value that are sent; above 0 only inside a fragmented value.</summary>
    private long valueOffset;

    /// <summary>True once <see cref="fragments"/> has the plan of the current row.</summary>
    private bool planned;

    private long windowBytes;
    private long windowCap;
    private bool capped;

    /// <summary>Whether chunk bodies are wanted; without them a chunk's numbers are the same.</summary>
    public bool WithBody { get; set; } = true;

    /// <summary>The encoded bytes that are done at the next cursor's position, without the part of a value in progress.</summary>
    public long PositionOffset => positionOffset;

    /// <summary>True when a next cursor exists and lies behind other rows of its own position.</summary>
    public bool IsInsidePosition => hasRow && positionOffset > 0;

    /// <summary>Starts at the beginning of what the source covers.</summary>
    /// <param name="windowEnd">The window's watermark.</param>
    /// <param name="cap">Uncompressed bytes after which a window ends at the next db_version; 0 for none.</param>
    /// <param name="spent">Uncompressed bytes of the window that earlier pages have sent.</param>
    public void Start(long windowEnd, long cap, long spent)
    {
        watermark = windowEnd;
        windowCap = cap;
        windowBytes = spent;
        capped = false;
        valueOffset = 0;
        positionOffset = 0;
        planned = false;
        hasRow = source.MoveNext();
    }

    /// <summary>Goes on inside the position that the source begins with.</summary>
    /// <param name="resume">The cursor; the source starts at its (db_version, seq).</param>
    /// <param name="maxChunkSize">The chunk size that parts are planned with.</param>
    /// <exception cref="EngineException">The offset is no boundary of that position.</exception>
    public void Resume(ResumePoint resume, long maxChunkSize)
    {
        if (resume.Offset == 0 || !IsAt(resume))
        {
            // Nothing is left at that position: what was there has moved behind it, and its offset is void.
            return;
        }

        while (hasRow && IsAt(resume))
        {
            if (positionOffset == resume.Offset)
            {
                return;
            }

            long size = ChangeRowCodec.SizeOf(source.Current);
            if (resume.Offset < positionOffset + size)
            {
                ResumeInside(resume, size, maxChunkSize);
                return;
            }

            PassRow(size);
        }

        // PassRow has left the position; the cursor named its end when exactly its rows were done.
        if (passedAtPosition != resume.Offset)
        {
            throw NoBoundary(resume);
        }
    }

    /// <summary>Goes on at a row that was remembered for the cursor.</summary>
    /// <param name="known">The cursor and the row; the source starts there, or behind it when it is gone.</param>
    /// <param name="maxChunkSize">The chunk size that parts are planned with.</param>
    public void ResumeAt(ResumeRow known, long maxChunkSize)
    {
        if (!hasRow || !IsAt(known.Cursor))
        {
            return;
        }

        positionOffset = known.Done;
        if (known.Cursor.Offset > known.Done && known.Row.Names(source))
        {
            ResumeInside(known.Cursor, ChangeRowCodec.SizeOf(source.Current), maxChunkSize);
        }
    }

    /// <summary>Cuts the next chunk; false when nothing is left.</summary>
    public bool TryCut(long maxChunkSize, out Chunk chunk)
    {
        chunk = default;
        if (!hasRow || capped)
        {
            return false;
        }

        body.Clear();
        if (valueOffset > 0 || FragmentPlan.IsOversized(ChangeRowCodec.SizeOf(source.Current), maxChunkSize))
        {
            CutFragment(maxChunkSize, ref chunk);
        }
        else
        {
            CutRows(maxChunkSize, ref chunk);
        }

        Finish(ref chunk);
        return true;
    }

    public void Dispose() => fragments.Dispose();

    private long passedAtPosition;

    private bool IsAt(ResumePoint cursor) =>
        hasRow && source.Current.DbVersion == cursor.DbVersion && source.Current.Seq == cursor.Seq;

    private void ResumeInside(ResumePoint resume, long size, long maxChunkSize)
    {
        long inside = resume.Offset - positionOffset;
        if (!FragmentPlan.IsOversized(size, maxChunkSize))
        {
            throw NoBoundary(resume);
        }

        fragments.Begin(source.Current, maxChunkSize);
        planned = true;
        if (inside >= fragments.Plan.TotalSize || inside % fragments.Plan.PartSize != 0)
        {
            throw NoBoundary(resume);
        }

        valueOffset = inside;
    }

    private static EngineException NoBoundary(ResumePoint resume) =>
        new EngineException(ResultCode.Error,
            $"cloudsync_payload_chunks: resume_frag_offset {resume.Offset} is not a boundary at (db_version {resume.DbVersion},"
            + $" seq {resume.Seq}); resume that position with resume_frag_offset 0")
        {
            Cursor = (resume.DbVersion, resume.Seq, 0),
        }.As(FailureKind.Cursor);

    private void CutRows(long maxChunkSize, ref Chunk chunk)
    {
        long used = ContainerHeader.Length;
        chunk.Version = ContainerHeader.RowsVersion;
        chunk.DbVersionMin = source.Current.DbVersion;
        while (hasRow)
        {
            ref readonly ChangeRow row = ref source.Current;
            long size = ChangeRowCodec.SizeOf(row);
            if (chunk.Rows > 0 && (used + size > maxChunkSize || FragmentPlan.IsOversized(size, maxChunkSize)
                || (windowCap > 0 && row.DbVersion != chunk.DbVersionMax && windowBytes + used >= windowCap)))
            {
                break;
            }

            if (WithBody)
            {
                body.Append(source, size);
            }

            used += size;
            chunk.Rows++;
            chunk.DbVersionMax = row.DbVersion;
            PassRow(size);
        }

        Check.That(chunk.Rows > 0 && used <= maxChunkSize);
        Check.That(!WithBody || body.Length + ContainerHeader.Length == used);
        windowBytes += used;
    }

    private void CutFragment(long maxChunkSize, ref Chunk chunk)
    {
        ref readonly ChangeRow row = ref source.Current;
        if (!planned)
        {
            fragments.Begin(row, maxChunkSize);
            planned = true;
        }

        FragmentPlan plan = fragments.Plan;
        int length = (int)Math.Min(plan.PartSize, plan.TotalSize - valueOffset);
        chunk.Version = ContainerHeader.FragmentVersion;
        chunk.Rows = 1;
        chunk.DbVersionMin = chunk.DbVersionMax = row.DbVersion;
        Check.That(length > 0 && ContainerHeader.Length + fragments.SizeOf(row, valueOffset, length) <= maxChunkSize);
        windowBytes += ContainerHeader.Length + fragments.SizeOf(row, valueOffset, length);
        if (WithBody)
        {
            fragments.Write(body, row, valueOffset, length);
        }

        valueOffset += length;
        if (valueOffset == plan.TotalSize)
        {
            PassRow(ChangeRowCodec.SizeOf(row));
        }
    }

    /// <summary>Leaves a row that is wholly sent.</summary>
    private void PassRow(long size)
    {
        long dbVersion = source.Current.DbVersion;
        long seq = source.Current.Seq;
        valueOffset = 0;
        planned = false;
        passedAtPosition = positionOffset + size;
        hasRow = source.MoveNext();
        Check.That(!hasRow || source.Current.DbVersion > dbVersion || (source.Current.DbVersion == dbVersion && source.Current.Seq >= seq));
        bool samePosition = hasRow && source.Current.DbVersion == dbVersion && source.Current.Seq == seq;
        positionOffset = samePosition ? passedAtPosition : 0;
    }

    private void Finish(ref Chunk chunk)
    {
        Check.That(chunk.DbVersionMin <= chunk.DbVersionMax && chunk.DbVersionMax <= watermark);
        chunk.WindowBytes = windowBytes;
        chunk.Watermark = watermark;
        if (!hasRow)
        {
            chunk.IsFinal = true;
            chunk.Next = new ResumePoint(watermark, 0, 0);
            return;
        }

        ref readonly ChangeRow next = ref source.Current;
        if (windowCap > 0 && windowBytes >= windowCap && valueOffset == 0 && next.DbVersion != chunk.DbVersionMax)
        {
            capped = true;
            chunk.WindowCapped = true;
            chunk.IsFinal = true;
            chunk.Watermark = chunk.DbVersionMax;
            chunk.Next = new ResumePoint(chunk.DbVersionMax, 0, 0);
            return;
        }

        chunk.Next = new ResumePoint(next.DbVersion, next.Seq, positionOffset + valueOffset);
    }
}
