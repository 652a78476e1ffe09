using ChunkSync.Capture;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>The functions that triggers of tracked tables call (behaviour E.4).</summary>
internal static unsafe class CaptureFunctions
{
    public static IReadOnlyList<FunctionDefinition> All { get; } =
    [
        new("cloudsync_is_sync", 1, &IsSync)
        {
            InSchema = SchemaUse.Innocuous,
            Summary = "1 while a merge writes or the table is disabled on this connection: its triggers do nothing then.",
            Example = "SELECT cloudsync_is_sync('items')",
        },
        new("cloudsync_insert", -1, &Insert)
        {
            InSchema = SchemaUse.Innocuous,
            Summary = "For triggers: a row with the given key was inserted.",
            Example = "SELECT cloudsync_insert('items', NEW.id)",
        },
        new("cloudsync_delete", -1, &Delete)
        {
            InSchema = SchemaUse.Innocuous,
            Summary = "For triggers: a row with the given key was deleted.",
            Example = "SELECT cloudsync_delete('items', OLD.id)",
        },
        new("cloudsync_update", 3, Begin, &Step, &End)
        {
            InSchema = SchemaUse.Innocuous,
            Summary = "For triggers: aggregate over a row's columns (table, new value, old value), key columns first.",
            Example = "SELECT cloudsync_update(table_name, new_value, old_value) FROM column_data",
        },
    ];

    private static void IsSync(in Call call)
    {
        LocalCapture capture = Engine.Of(call).Capture;
        try
        {
            call.Return(capture.IsSuppressed(call[0].Text) ? 1 : 0);
        }
        catch (EngineException failure) when (capture.LeavesRowsBehind(failure))
        {
            throw Errors.RollsBack(failure);
        }
    }

    private static void Insert(in Call call)
    {
        CaptureCall.Run(call, &Run);

        static void Run(Engine engine, ReadOnlySpan<Value> arguments) => engine.Capture.Row(arguments, isDelete: false);
    }

    private static void Delete(in Call call)
    {
        CaptureCall.Run(call, &Run);

        static void Run(Engine engine, ReadOnlySpan<Value> arguments) => engine.Capture.Row(arguments, isDelete: true);
    }

    /// <summary>The connection's capture is the accumulator: a trigger's aggregate runs to its end before another begins.</summary>
    private static LocalCapture Begin(object state)
    {
        LocalCapture capture = ((Engine)state).Capture;
        capture.AbandonUpdate();
        return capture;
    }

    private static void Step(object accumulator, in Call call)
    {
        LocalCapture capture = (LocalCapture)accumulator;
        try
        {
            capture.UpdateColumn(call[0], call[1], call[2]);
        }
        catch (EngineException failure) when (capture.LeavesRowsBehind(failure))
        {
            throw Errors.RollsBack(failure);
        }
    }

    private static void End(object? accumulator, in Call call)
    {
        LocalCapture capture = Engine.Of(call).Capture;
        try
        {
            ((LocalCapture?)accumulator)?.UpdateRow();
        }
        catch (EngineException failure) when (capture.LeavesRowsBehind(failure))
        {
            throw Errors.RollsBack(failure);
        }

        call.ReturnNull();
    }
}
