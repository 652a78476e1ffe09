using ChunkSync.Backfill;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql.Backfill;

/// <summary>The functions that capture the rows of a table in slices.
/// <code>
/// SELECT cloudsync_backfill_begin('items');
/// SELECT cloudsync_backfill_step('items', 1000);  -- until it returns 0
/// SELECT cloudsync_backfill_run('items');         -- or all of it
/// </code></summary>
internal static unsafe class BackfillFunctions
{
    private const string BeginSummary = "Makes a table tracked like cloudsync_init, and leaves its rows to cloudsync_backfill_step or _run;"
        + " on a tracked table begins to look for rows without clocks, on one that is being filled changes nothing; returns the site id in hex.";

    private const string StepSummary = "Captures the next rows of a table whose backfill has begun, in a transaction of its own or inside the"
        + " open one; returns how many were visited, 0 when none is left.";

    private const string RunSummary = "Captures the rest of a table whose backfill has begun, in transactions of 1,000 rows; returns how many"
        + " were visited. Not inside a transaction.";

    private const string Rows = " The second argument is the most rows of a transaction.";

    private const string Milliseconds = Rows + " The third ends it early after so many milliseconds, 0 never.";

    public static IReadOnlyList<FunctionDefinition> All { get; } =
    [
        Function("cloudsync_backfill_begin", 1, &Begin, BeginSummary, "SELECT cloudsync_backfill_begin('items')"),
        Function("cloudsync_backfill_begin", 2, &Begin, BeginSummary + " The second argument names the CRDT, as in cloudsync_init.",
            "SELECT cloudsync_backfill_begin('items', 'gos')"),
        Function("cloudsync_backfill_begin", 3, &Begin, BeginSummary + " The others are those of cloudsync_init.",
            "SELECT cloudsync_backfill_begin('items', 'cls', 1)"),
        Function("cloudsync_backfill_step", 1, &Step, StepSummary, "SELECT cloudsync_backfill_step('items')"),
        Function("cloudsync_backfill_step", 2, &Step, StepSummary + Rows, "SELECT cloudsync_backfill_step('items', 500)"),
        Function("cloudsync_backfill_step", 3, &Step, StepSummary + Milliseconds, "SELECT cloudsync_backfill_step('items', 100000, 20)"),
        Function("cloudsync_backfill_run", 1, &Run, RunSummary, "SELECT cloudsync_backfill_run('items')"),
        Function("cloudsync_backfill_run", 2, &Run, RunSummary + Rows, "SELECT cloudsync_backfill_run('items', 500)"),
        Function("cloudsync_backfill_run", 3, &Run, RunSummary + Milliseconds, "SELECT cloudsync_backfill_run('items', 100000, 20)"),
    ];

    private static FunctionDefinition Function(string name, int arity, delegate*<in Call, void> body, string summary, string example) =>
        new(name, arity, body) { InSchema = SchemaUse.DirectOnly, Summary = summary, Example = example };

    private static void Begin(in Call call)
    {
        string? table = call[0].IsNull ? null : call[0].String;
        string? algorithm = call.Count < 2 || call[1].IsNull ? null : call[1].String;
        call.Return(Engine.Of(call).Fill.Begin(table, algorithm, call.Count < 3 ? 0 : call[2].Int64));
    }

    private static void Step(in Call call)
    {
        const string Name = "cloudsync_backfill_step";
        call.Return(Engine.Of(call).Fill.Step(Table(call, Name), MaxRows(call, Name), MaxMilliseconds(call, Name), Name));
    }

    private static void Run(in Call call)
    {
        const string Name = "cloudsync_backfill_run";
        call.Return(Engine.Of(call).Fill.Run(Table(call, Name), MaxRows(call, Name), MaxMilliseconds(call, Name), Name));
    }

    private static string Table(in Call call, string function) => !call[0].IsNull
        ? call[0].String
        : throw Errors.BadArgument(function, $"a table name is needed, as in {function}('items')");

    private static long MaxRows(in Call call, string function) => Limit(call, 1, SlicedFill.DefaultRows, 1, function, "max_rows");

    private static long MaxMilliseconds(in Call call, string function) => Limit(call, 2, 0, 0, function, "max_ms");

    private static long Limit(in Call call, int argument, long usual, long least, string function, string name)
    {
        if (call.Count <= argument || call[argument].IsNull)
        {
            return usual;
        }

        Value value = call[argument];
        return value.Type == StorageClass.Integer && value.Int64 >= least
            ? value.Int64
            : throw Errors.BadArgument(function, $"{name} must be an integer of at least {least}, not {SqlText.Describe(value)}");
    }
}
