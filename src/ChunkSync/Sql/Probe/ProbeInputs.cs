using ChunkSync.Probe;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Probe;

/// <summary>The hidden inputs of <c>cloudsync_payload_probe</c>, in the order of its arguments.</summary>
internal static class ProbeInputs
{
    public const int Source = 0;
    public const int Probes = 1;
    public const int ResumeChunkIndex = 2;
    public const int ResumeRow = 3;
    public const int MaxChunkSize = 4;
    public const int Compress = 5;
    public const int Invert = 6;
    public const int StrictFragments = 7;
    public const int Order = 8;
    public const int SkipDamaged = 9;
    public const int Verify = 10;
    public const int MaxExpandedSize = 11;
    public const int Keys = 12;
    public const int Count = 13;

    private static readonly string[] Names =
    [
        "source", "probes", "resume_chunk_index", "resume_row", "max_chunk_size", "compress", "invert", "strict_fragments", "chain_order",
        "skip_damaged", "verify", "max_expanded_size", "keys",
    ];

    /// <summary>Their declarations.</summary>
    public static string Declaration { get; } = string.Join(", ", Names.Select(name => name + " HIDDEN"));

    /// <summary>The text of the input source.</summary>
    public static string SourceText(Value source, string function)
    {
        if (!source.IsGiven)
        {
            throw Errors.BadArgument(function, "source is not given; name a table or view, or write a query in parentheses");
        }

        return source.Type == StorageClass.Text ? source.String
            : throw Errors.BadArgument(function, "source is not TEXT");
    }

    /// <summary>Everything but source and probes.</summary>
    public static ProbeOptions Options(ReadOnlySpan<Value> inputs, bool needsPayload, string function) => new()
    {
        Resume = Resume(inputs, function),
        MaxSize = MaxSize(inputs[MaxChunkSize], function),
        Compress = Flag(inputs, Compress, 1, function) != 0,
        Invert = Flag(inputs, Invert, 0, function) != 0,
        StrictFragments = Flag(inputs, StrictFragments, 0, function) != 0,
        Order = ReadOrder(inputs[Order], function),
        SkipDamaged = Flag(inputs, SkipDamaged, 0, function) != 0,
        Verify = (int)Math.Clamp(Flag(inputs, Verify, 1, function), 0, 2),
        MaxExpanded = Flag(inputs, MaxExpandedSize, ProbeOptions.DefaultMaxExpanded, function),
        NeedsPayload = needsPayload,
    };

    private static long Flag(ReadOnlySpan<Value> inputs, int input, long ifNotGiven, string function) =>
        inputs[input].IsGiven ? ProbeArguments.Integer(inputs[input], Names[input], function) : ifNotGiven;

    private static long MaxSize(Value value, string function)
    {
        long size = value.IsGiven ? ProbeArguments.Integer(value, Names[MaxChunkSize], function) : 0;
        return size <= 0 ? ProbeOptions.DefaultMaxSize : Math.Min(size, ProbeOptions.LargestMaxSize);
    }

    private static ChainOrder ReadOrder(Value value, string function)
    {
        if (!value.IsGiven)
        {
            return ChainOrder.None;
        }

        return (value.Type == StorageClass.Text ? value.String : "") switch
        {
            "position" => ChainOrder.Position,
            "key" => ChainOrder.Key,
            _ => throw Errors.BadArgument(function, "chain_order must be 'position' or NULL, or 'key' for a run"),
        };
    }

    private static (long Chunk, long Row)? Resume(ReadOnlySpan<Value> inputs, string function)
    {
        bool hasRow = inputs[ResumeRow].IsGiven;
        long row = hasRow ? ProbeArguments.Integer(inputs[ResumeRow], Names[ResumeRow], function) : 0;
        if (row < 0)
        {
            throw Errors.BadArgument(function, $"resume_row {row} is negative");
        }

        if (!inputs[ResumeChunkIndex].IsGiven)
        {
            return !hasRow ? null : throw Errors.BadArgument(function, "resume_row is given without resume_chunk_index");
        }

        return (ProbeArguments.Integer(inputs[ResumeChunkIndex], Names[ResumeChunkIndex], function), row);
    }
}
