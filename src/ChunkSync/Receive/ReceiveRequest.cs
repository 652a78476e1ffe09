using ChunkSync.Chunks;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Receive;

/// <summary>The arguments of <c>cloudsync_payload_receive</c> besides the payload, checked: whose chunk it is, and which part of the
/// stream it covers.</summary>
internal sealed class ReceiveRequest
{
    public const int ArgumentCount = 9;

    private const string Function = "cloudsync_payload_receive";

    private ReceiveRequest(byte[] site, ResumePoint from, ResumePoint next, bool isFinal)
    {
        Site = site;
        From = from;
        Next = next;
        IsFinal = isFinal;
    }

    /// <summary>The site id of the stream's sender.</summary>
    public byte[] Site { get; }

    /// <summary>The cursor that the chunk was asked for with.</summary>
    public ResumePoint From { get; }

    /// <summary>The chunk's own next_*.</summary>
    public ResumePoint Next { get; }

    /// <summary>Whether the chunk is the last one of its window.</summary>
    public bool IsFinal { get; }

    /// <summary>Where the covered part ends. The cursor of a final chunk, (watermark, 0, 0), means that the whole watermark is
    /// covered.</summary>
    public ResumePoint End => IsFinal ? new ResumePoint(Next.DbVersion + 1, 0, 0) : Next;

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="EngineException">Names the argument and its value.</exception>
    public static ReceiveRequest Read(in Call call)
    {
        byte[] site = ReadSite(call[1], Function);
        ResumePoint from = new(
            ReadDbVersion(call[2], "from_db_version", Function), ReadPosition(call[3], "from_seq", Function),
            ReadPosition(call[4], "from_frag_offset", Function));
        ResumePoint next = new(
            ReadDbVersion(call[5], "next_db_version", Function), ReadPosition(call[6], "next_seq", Function),
            ReadPosition(call[7], "next_frag_offset", Function));
        long final = ReadNatural(call[8], "is_final", Function);
        if (final > 1)
        {
            throw Refused($"is_final is {final}, it must be 0 or 1");
        }

        ReceiveRequest request = new(site, from, next, final == 1);
        if (request.IsFinal && request.End.DbVersion >= VersionLimits.DbVersionEnd)
        {
            throw Refused($"next_db_version is {next.DbVersion}, a final chunk has one below {VersionLimits.DbVersionEnd - 1}: nothing could be"
                + " asked for behind it");
        }

        if (request.IsFinal && next.Seq > 0)
        {
            throw Refused($"next_seq is {next.Seq}, a final chunk has 0 there");
        }

        if (request.IsFinal && next.Offset > 0)
        {
            throw Refused($"next_frag_offset is {next.Offset}, a final chunk has 0 there");
        }

        if (request.End.CompareTo(from) <= 0)
        {
            throw Refused($"next_db_version, next_seq, next_frag_offset are {next.Describe()}, which is not behind from_db_version,"
                + $" from_seq, from_frag_offset {from.Describe()}");
        }

        return request;
    }

    /// <summary>A sender's site id.</summary>
    /// <param name="value">The argument.</param>
    /// <param name="function">The function that it was given to.</param>
    public static byte[] ReadSite(Value value, string function) => value.Type == StorageClass.Blob && !value.Blob.IsEmpty
        ? value.Blob.ToArray()
        : throw Errors.BadArgument(function, $"site_id is {SqlText.Describe(value)}, it must be a BLOB that is not empty");

    /// <summary>The failure of a call whose arguments do not fit.</summary>
    public static EngineException Refused(string what) => Errors.BadArgument(Function, what);

    /// <summary>A db_version that is not too high to be taken from elsewhere.</summary>
    public static long ReadDbVersion(Value value, string name, string function) =>
        ReadBelow(VersionLimits.DbVersionEnd, value, name, function);

    /// <summary>A seq or an offset: what is counted from it stays a number.</summary>
    public static long ReadPosition(Value value, string name, string function) =>
        ReadBelow(VersionLimits.PositionEnd, value, name, function);

    private static long ReadBelow(long end, Value value, string name, string function)
    {
        long number = ReadNatural(value, name, function);
        return number < end
            ? number
            : throw Errors.BadArgument(function, $"{name} is {number}, it must be below {end}");
    }

    /// <summary>An INTEGER that is not negative.</summary>
    private static long ReadNatural(Value value, string name, string function) => value.Type == StorageClass.Integer && value.Int64 >= 0
        ? value.Int64
        : throw Errors.BadArgument(function, $"{name} is {SqlText.Describe(value)}, it must be an integer that is not negative");
}
