using ChunkSync.Backfill;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Backfill;

/// <summary>The hidden inputs of <c>cloudsync_backfill_plan</c>, in the order of its arguments.</summary>
internal static class BackfillInputs
{
    public const int Table = 0;
    public const int TargetRows = 1;
    public const int TargetBytes = 2;
    public const int OrderBy = 3;
    public const int Strategy = 4;
    public const int Resume = 5;
    public const int Chunks = 6;
    public const int Balance = 7;
    public const int Mode = 8;
    public const int Slack = 9;
    public const int TimeUnit = 10;
    public const int Schema = 11;
    public const int Count = 12;

    private const double MostSlack = 0.5;

    private static readonly string[] Names =
        ["tbl", "target_rows", "target_bytes", "order_by", "strategy", "resume", "chunks", "balance", "mode", "slack", "time_unit", "schema"];

    private static readonly string[] Strategies = ["auto", "quantile", "temporal", "prefix", "width"];
    private static readonly string[] Balances = ["even", "cap"];
    private static readonly string[] Modes = ["exact", "sample"];
    private static readonly string[] TimeUnits = ["s", "ms", "us", "ns", "julian"];

    /// <summary>Their declarations.</summary>
    /// <remarks>A visible column is called strategy.</remarks>
    public static string Declaration { get; } = string.Join(", ", Names.Select((name, i) => (i == Strategy ? "by_strategy" : name) + " HIDDEN"));

    /// <summary>Reads and checks all inputs but <c>resume</c>.</summary>
    /// <exception cref="EngineException">Names the input and its value.</exception>
    public static PlanInputs Read(ReadOnlySpan<Value> inputs)
    {
        if (!inputs[Table].IsGiven || inputs[Table].Type != StorageClass.Text)
        {
            throw PlanFailure.Of("a table name is needed, as in cloudsync_backfill_plan('items')");
        }

        long? rows = AtLeastOne(inputs, TargetRows);
        long? bytes = AtLeastOne(inputs, TargetBytes);
        long? chunks = AtLeastOne(inputs, Chunks);
        if (chunks != null && (rows != null || bytes != null))
        {
            throw PlanFailure.Of("give chunks or a target, not both");
        }

        string strategy = OneOf(inputs, Strategy, Strategies) is not (null or "auto") and string named ? named : "quantile";
        string? balance = OneOf(inputs, Balance, Balances);
        bool isSample = OneOf(inputs, Mode, Modes) == "sample";
        string? unit = OneOf(inputs, TimeUnit, TimeUnits);
        double slack = SlackOf(inputs[Slack]);
        if (isSample && strategy != "quantile")
        {
            throw PlanFailure.Of("mode sample takes strategy quantile only");
        }

        if (strategy != "quantile" && (bytes != null || chunks != null))
        {
            throw PlanFailure.Of($"strategy {strategy} takes target_rows only");
        }

        if (rows != null && bytes != null && balance == "even")
        {
            throw PlanFailure.Of("balance even takes one target");
        }

        return new(inputs[Table].String, inputs[Schema].IsGiven ? inputs[Schema].String : "main")
        {
            TargetRows = rows ?? (bytes == null && chunks == null ? PlanInputs.DefaultRows : null),
            TargetBytes = bytes,
            Chunks = chunks,
            OrderBy = inputs[OrderBy].IsGiven ? inputs[OrderBy].String : null,
            Strategy = strategy,
            IsEven = balance == null ? bytes == null : balance == "even",
            IsSample = isSample,
            Slack = slack,
            TimeUnit = unit,
        };
    }

    private static long? AtLeastOne(ReadOnlySpan<Value> inputs, int input)
    {
        Value value = inputs[input];
        if (!value.IsGiven)
        {
            return null;
        }

        return value.Type == StorageClass.Integer && value.Int64 >= 1 ? value.Int64
            : throw PlanFailure.Of($"{Names[input]} must be an integer of at least 1, not {SqlText.Describe(value)}");
    }

    private static string? OneOf(ReadOnlySpan<Value> inputs, int input, string[] known)
    {
        Value value = inputs[input];
        if (!value.IsGiven)
        {
            return null;
        }

        int found = value.Type == StorageClass.Text ? Array.IndexOf(known, value.String) : -1;
        return found >= 0 ? known[found]
            : throw PlanFailure.Of($"unknown {Names[input]} {SqlText.Describe(value)}: {string.Join(", ", known)}");
    }

    private static double SlackOf(Value value)
    {
        if (!value.IsGiven)
        {
            return PlanInputs.DefaultSlack;
        }

        bool isNumber = value.Type is StorageClass.Integer or StorageClass.Real;
        return isNumber && value.Double is >= 0 and <= MostSlack ? value.Double
            : throw PlanFailure.Of($"slack must lie between 0 and 0.5, not {SqlText.Describe(value)}");
    }
}
