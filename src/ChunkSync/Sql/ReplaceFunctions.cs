using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>The functions that TEMP triggers of tables with further unique indexes call.</summary>
internal static unsafe class ReplaceFunctions
{
    public static IReadOnlyList<FunctionDefinition> All { get; } =
    [
        new("chunksync_writing", -1, &Writing)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "For TEMP triggers: a row is about to be written (table, id, key, values of uniquely indexed columns, of updates the key before).",
            Example = "SELECT chunksync_writing('items', 0, 'a', 'code')",
        },
        new("chunksync_written", -1, &Written)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "For TEMP triggers: the row was written (table, id, key, key before); rows that REPLACE removed for it get tombstones.",
            Example = "SELECT chunksync_written('items', 0, 'a', 'a')",
        },
    ];

    private static void Writing(in Call call)
    {
        CaptureCall.Run(call, &Run);

        static void Run(Engine engine, ReadOnlySpan<Value> arguments) => engine.Replaced.Writing(arguments);
    }

    private static void Written(in Call call)
    {
        CaptureCall.Run(call, &Run);

        static void Run(Engine engine, ReadOnlySpan<Value> arguments) => engine.Replaced.Written(arguments);
    }
}
