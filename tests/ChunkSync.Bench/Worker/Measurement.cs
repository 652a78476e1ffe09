using System.Text.Json.Serialization;

namespace ChunkSync.Bench.Worker;

/// <summary>What one run of one operation took.</summary>
internal sealed record Measurement
{
    /// <summary>Wall-clock time.</summary>
    public double Milliseconds { get; init; }

    /// <summary>Processor time of the process; 0 where a part was timed that is too short for that clock.</summary>
    public double ProcessorMilliseconds { get; init; }

    /// <summary>What runs are compared by, in milliseconds: processor time, because other programs run on the machine, where it was measured.</summary>
    [JsonIgnore]
    public double Cost => ProcessorMilliseconds > 0 ? ProcessorMilliseconds : Milliseconds;

    /// <summary>Rows that came out: chunks of a scan, rows of a fill, changes of a visit.</summary>
    public long Rows { get; init; }

    /// <summary>Payload bytes, or bytes read or compressed.</summary>
    public long Bytes { get; init; }

    /// <summary>SQLite virtual machine steps of the statements that were still prepared at the end.</summary>
    public long VmSteps { get; init; }

    /// <summary>Database pages that were not in the cache.</summary>
    public long PagesRead { get; init; }

    /// <summary>Peak of SQLite's own allocations above what was in use before.</summary>
    public long SqliteBytes { get; init; }

    /// <summary>Peak of resident memory above what was resident before.</summary>
    public long RssBytes { get; init; }

    /// <summary>Bytes that managed code allocated in this process: the engine's only when it runs in process.</summary>
    public long ManagedBytes { get; init; }

    /// <summary>Chunks that a probe looked at, where order is promised, or opened.</summary>
    public long Chunks { get; init; }

    /// <summary>Bytes of the probe set.</summary>
    public long SetBytes { get; init; }

    /// <summary>Milliseconds per page of a drain.</summary>
    public double[] Pages { get; init; } = [];

    /// <summary>Why there is no result, or null.</summary>
    public string? Failure { get; init; }
}
