using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>What the functions that only triggers call have in common.</summary>
internal static unsafe class CaptureCall
{
    /// <summary>Runs a function with its arguments; it returns NULL. Where it fails, and rows without their clocks would stay behind, SQLite
    /// has to roll everything back.</summary>
    public static void Run(in Call call, delegate*<Engine, ReadOnlySpan<Value>, void> body)
    {
        Engine engine = Engine.Of(call);
        try
        {
            body(engine, new ReadOnlySpan<Value>(call.Arguments, call.Count));
        }
        catch (EngineException failure) when (engine.Capture.LeavesRowsBehind(failure))
        {
            throw Errors.RollsBack(failure);
        }

        call.ReturnNull();
    }
}
