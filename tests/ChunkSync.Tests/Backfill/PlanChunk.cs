using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Backfill;

/// <summary>One row of <c>cloudsync_backfill_plan</c>.</summary>
internal sealed record PlanChunk(object?[] Row)
{
    public static readonly string[] Columns =
    [
        "chunk_index", "rows", "bytes", "exact", "predicate", "source", "where_bind", "bind_values", "lower", "lower_inclusive", "upper",
        "upper_inclusive", "ranges", "strategy", "hot", "lineage", "plan_id", "chunk_id", "digest", "next", "is_final",
    ];

    public long Index => (long)Row[0]!;

    public long Rows => (long)Row[1]!;

    public long? Bytes => (long?)Row[2];

    public bool IsExact => (long)Row[3]! == 1;

    public string Predicate => (string)Row[4]!;

    public string Source => (string)Row[5]!;

    public string WhereBind => (string)Row[6]!;

    public string BindValues => (string)Row[7]!;

    public string? Lower => (string?)Row[8];

    public long? LowerInclusive => (long?)Row[9];

    public string? Upper => (string?)Row[10];

    public long? UpperInclusive => (long?)Row[11];

    public long Ranges => (long)Row[12]!;

    public string Strategy => (string)Row[13]!;

    public string? Hot => (string?)Row[14];

    public string Lineage => (string)Row[15]!;

    public string PlanId => (string)Row[16]!;

    public string ChunkId => (string)Row[17]!;

    public string Digest => (string)Row[18]!;

    public byte[]? Next => (byte[]?)Row[19];

    public bool IsFinal => (long)Row[20]! == 1;

    /// <summary>Everything in one line: two plans are the same if these are.</summary>
    public string Line => string.Join(" | ", Row.Select(PlanJson.Show));

    /// <summary>Runs a plan.</summary>
    public static List<PlanChunk> Plan(Database database, Dictionary<string, object?> inputs, string limit = "")
    {
        string sql = $"SELECT {string.Join(", ", Columns)} FROM cloudsync_backfill_plan WHERE {string.Join(" AND ", inputs.Keys.Select(name => name + " = ?"))}{limit}";
        return [.. database.Query(sql, [.. inputs.Values]).Select(row => new PlanChunk(row))];
    }
}
