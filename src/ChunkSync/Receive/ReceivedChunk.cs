using ChunkSync.Chunks;
using ChunkSync.Format;
using ChunkSync.Merge;

namespace ChunkSync.Receive;

/// <summary>What a payload says about its place in the sender's stream, compared with the range that the caller gave. A chunk that is
/// recorded where it does not belong would hide a gap for good; every mistake that the payload shows is refused.</summary>
internal unsafe struct ReceivedChunk
{
    /// <summary>The position of the last change; null when there is none.</summary>
    public ResumePoint? Last;

    /// <summary>True when the payload is a part of a long value.</summary>
    public bool IsFragment;

    /// <summary>The part.</summary>
    public FragmentRow Fragment;

    /// <summary>Where the row of the part begins: behind the rows that share its position and are done.</summary>
    public ResumePoint RowStart;

    /// <summary>Where that row ends: its encoded size behind <see cref="RowStart"/>.</summary>
    public ResumePoint RowEnd;

    /// <summary>Reads a payload that belongs to a request.</summary>
    /// <exception cref="Sqlite.EngineException">The payload is not of the request's range.</exception>
    public static ReceivedChunk Read(OpenedPayload payload, ReceiveRequest request)
    {
        ReceivedChunk chunk = default;
        if (payload.Header.Columns != ChangeRowCodec.Columns)
        {
            // Applying it says what is wrong.
            return chunk;
        }

        if (payload.Header.Version == ContainerHeader.FragmentVersion)
        {
            chunk.ReadFragment(payload, request);
        }
        else
        {
            chunk.ReadRows(payload, request);
        }

        return chunk;
    }

    /// <summary>The cursor of the boundary before a part; behind the last one the end of the row.</summary>
    public readonly ResumePoint Boundary(long part) =>
        part >= Fragment.PartCount ? RowEnd : RowStart with { Offset = RowStart.Offset + (part * Fragment.PartSize) };

    private void ReadRows(OpenedPayload payload, ReceiveRequest request)
    {
        if (payload.Header.Rows == 0 && !request.IsFinal)
        {
            throw ReceiveRequest.Refused("the payload has no changes and is_final is 0: only a window's end can be empty");
        }

        OpenedPayload.RowReader rows = payload.Rows;
        bool areSound = true;
        for (uint i = 0; i < payload.Header.Rows; i++)
        {
            rows.Read(out ChangeRow change);
            areSound &= change.HasSoundNumbers;
            ResumePoint position = new(change.DbVersion, change.Seq, 0);
            CheckPosition(position, request);
            Last = Last is ResumePoint last ? ResumePointOrder.Max(last, position) : position;
        }

        if (request.Next.Offset > 0 && Last is ResumePoint end && end.ComparePosition(request.Next) != 0)
        {
            throw ReceiveRequest.Refused($"next_frag_offset is {request.Next.Offset}, but the payload ends before (db_version"
                + $" {request.Next.DbVersion}, seq {request.Next.Seq}), where nothing can be done yet");
        }

        // Otherwise applying it says what is wrong.
        payload.HasCheckedRows = areSound;
    }

    private void ReadFragment(OpenedPayload payload, ReceiveRequest request)
    {
        if (payload.Header.Rows != 1)
        {
            throw ReceiveRequest.Refused($"the payload has {payload.Header.Rows} parts of values, a chunk has one");
        }

        ValueReader reader = new(payload.Body, payload.BodyLength);
        Fragment = FragmentRow.Read(ref reader, 0);
        payload.HasCheckedRows = true;
        IsFragment = true;
        ResumePoint position = new(Fragment.Change.DbVersion, Fragment.Change.Seq, 0);
        CheckPosition(position, request);
        Last = position;
        ResumePoint start = request.From.ComparePosition(position) == 0 ? request.From : position;
        long before = start.Offset - (Fragment.PartIndex * Fragment.PartSize);
        if (before < 0)
        {
            throw ReceiveRequest.Refused($"from_db_version, from_seq, from_frag_offset are {request.From.Describe()}, but the payload is"
                + $" part {Fragment.PartIndex} of a value, which begins {Fragment.PartIndex * Fragment.PartSize} bytes behind"
                + $" (db_version {position.DbVersion}, seq {position.Seq})");
        }

        RowStart = position with { Offset = before };
        RowEnd = position with { Offset = before + SizeOfRow() };
        CheckEnd(request);
    }

    /// <summary>A part ends where the next one begins; only behind the last part the next row follows.</summary>
    private readonly void CheckEnd(ReceiveRequest request)
    {
        ResumePoint end = Boundary(Fragment.PartIndex + 1);
        bool isLast = Fragment.PartIndex == Fragment.PartCount - 1;
        bool behind = request.End.ComparePosition(end) > 0;
        if (isLast && behind ? request.Next.Offset > 0 : request.End != end)
        {
            throw ReceiveRequest.Refused($"next_db_version, next_seq, next_frag_offset are {request.Next.Describe()}"
                + (request.IsFinal ? " and is_final is 1" : "") + $", but the payload is part {Fragment.PartIndex} of {Fragment.PartCount} of a"
                + $" value and ends at {end.Describe()}");
        }
    }

    private readonly long SizeOfRow()
    {
        ChangeRow change = Fragment.Change;
        return ValueCodec.SizeOfBytes(change.ColumnLength) + Fragment.TotalSize + ChangeRowCodec.SizeOfRest(change);
    }

    private static void CheckPosition(ResumePoint position, ReceiveRequest request)
    {
        int end = position.ComparePosition(request.End);
        if (position.ComparePosition(request.From) < 0 || end > 0 || (end == 0 && request.End.Offset == 0))
        {
            throw ReceiveRequest.Refused($"the payload has a change at (db_version {position.DbVersion}, seq {position.Seq}), which is not"
                + $" between {request.From.Describe()} and {request.End.Describe()}: from_* is the cursor that the chunk was asked for with,"
                + " next_* and is_final are its own");
        }
    }
}
