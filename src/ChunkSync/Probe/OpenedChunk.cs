using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>A chunk whose body is open: which of its rows are wanted, as runs. The first walk goes over all rows, so that a damaged chunk fails
/// as a whole; when there are more runs than are kept, the walk goes on behind the last of them.</summary>
internal sealed unsafe class OpenedChunk : IDisposable
{
    private const int MaxRuns = 4096;

    private readonly NativeBuffer expanded = new();
    private readonly NativeBuffer runs = new();
    private readonly RowMatcher matcher;
    private readonly bool invert;
    private ContainerHeader header;
    private long size;
    private int runCount;
    private int nextRun;
    private bool hasMore;

    /// <summary>The row behind the last that <see cref="runs"/> tells of, and where it begins.</summary>
    private uint walkedRows;
    private uint walkedBytes;

    public OpenedChunk(ProbeSet set, bool invert)
    {
        matcher = new RowMatcher(set);
        this.invert = invert;
    }

    /// <summary>The uncompressed rows; in place until the next <see cref="Open"/>, or until the payload goes.</summary>
    public byte* Body { get; private set; }

    /// <summary>Wanted rows from the first row that was asked for on.</summary>
    public long Hits { get; private set; }

    /// <summary>Opens and walks a payload.</summary>
    /// <param name="chunk">Its checked header.</param>
    /// <param name="payload">The payload, which stays in place.</param>
    /// <param name="length">Its length.</param>
    /// <param name="firstRow">Rows before it are checked and not wanted.</param>
    /// <param name="options">The scan's options.</param>
    /// <exception cref="DamagedChunkException">The payload is damaged.</exception>
    public void Open(in ContainerHeader chunk, byte* payload, long length, long firstRow, ProbeOptions options)
    {
        header = chunk;
        PayloadCheck.Limit(PayloadBody.SizeOf(header, length), options.MaxExpanded);
        _ = runs.Reserve((long)MaxRuns * sizeof(HitRun));
        matcher.Begin();
        runCount = 0;
        nextRun = 0;
        hasMore = false;
        Hits = 0;
        RunningChecksum checksum = new(header, payload, length, options.Verify > 0);
        try
        {
            OpenChecked(payload, length, firstRow, options, ref checksum);
        }
        catch
        {
            matcher.TakeBack();
            throw;
        }
    }

    /// <summary>The next run of wanted rows; false behind the last.</summary>
    public bool TryNextRun(out HitRun run)
    {
        if (nextRun == runCount && hasMore)
        {
            WalkOn();
        }

        bool found = nextRun < runCount;
        run = found ? ((HitRun*)runs.Data)[nextRun++] : default;
        return found;
    }

    public void Dispose()
    {
        expanded.Dispose();
        runs.Dispose();
        matcher.Dispose();
    }

    /// <summary>The runs behind those that were kept. The rows are sound: they were walked before.</summary>
    private void WalkOn()
    {
        uint baseRow = walkedRows;
        uint baseOffset = walkedBytes;
        runCount = 0;
        nextRun = 0;
        hasMore = false;
        matcher.Begin();
        ChangeRowWalker row = new(Body + baseOffset, size - baseOffset);
        for (uint i = baseRow; i < header.Rows && !hasMore; i++)
        {
            row.Next();
            if (matcher.Matches(ref row, mark: false) != invert)
            {
                Note(ref row, baseRow, baseOffset);
            }
        }
    }

    /// <summary>Uncompresses and walks the rows while the checksum is computed. Where both are wrong, the checksum is what is named.</summary>
    private void OpenChecked(byte* payload, long length, long firstRow, ProbeOptions options, ref RunningChecksum checksum)
    {
        try
        {
            Body = PayloadCheck.Open(header, payload, length, verify: false, options.MaxExpanded, expanded, out size);
            Walk(firstRow, ref checksum);
        }
        catch (DamagedChunkException)
        {
            checksum.Check();
            throw;
        }

        checksum.Check();
    }

    private void Walk(long firstRow, ref RunningChecksum checksum)
    {
        ChangeRowWalker row = new(Body, size);
        for (uint i = 0; i < header.Rows; i++)
        {
            row.Next();
            checksum.Advance();
            if (i >= firstRow && matcher.Matches(ref row, mark: true) != invert)
            {
                Hits++;
                Note(ref row, 0, 0);
            }
        }

        row.CheckEnd();
    }

    /// <summary>Adds a row to the runs, unless they are full.</summary>
    /// <param name="row">The row, numbered from where its walk began.</param>
    /// <param name="baseRow">Rows before the walk.</param>
    /// <param name="baseOffset">Bytes before the walk.</param>
    private void Note(ref ChangeRowWalker row, uint baseRow, uint baseOffset)
    {
        if (hasMore)
        {
            return;
        }

        HitRun* last = (HitRun*)runs.Data + (runCount - 1);
        uint offset = baseOffset + (uint)row.Offset;
        if (runCount > 0 && last->Offset + last->Bytes == offset)
        {
            last->Rows++;
            last->Bytes += (uint)row.Length;
        }
        else if (runCount < MaxRuns)
        {
            ((HitRun*)runs.Data)[runCount++] = new HitRun
            {
                FirstRow = baseRow + (uint)row.Row,
                Rows = 1,
                Offset = offset,
                Bytes = (uint)row.Length,
            };
        }
        else
        {
            hasMore = true;
            return;
        }

        walkedRows = baseRow + (uint)row.Row + 1;
        walkedBytes = offset + (uint)row.Length;
    }
}
