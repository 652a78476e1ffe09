using ChunkSync.Capture;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>The function that TEMP triggers of tables with a filter call.</summary>
internal static unsafe class FilterFunctions
{
    public static IReadOnlyList<FunctionDefinition> All { get; } =
    [
        new(FilterTriggers.Function, -1, &Filtered)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "For TEMP triggers: a row of a table with a filter is written (table, id, event, filter of the old and the new row, keys).",
            Example = "SELECT chunksync_filtered('items', 0, 1, 0, 1, 'a')",
        },
    ];

    private static void Filtered(in Call call)
    {
        CaptureCall.Run(call, &Run);

        static void Run(Engine engine, ReadOnlySpan<Value> arguments) => engine.Filters.Written(arguments);
    }
}
