using ChunkSync.Sql;
using ChunkSync.Sqlite;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Sqlite;

/// <summary>Functions whose calls may pass without an answer.</summary>
public unsafe class IdleFunctionTests
{
    [ThreadStatic]
    private static int answered;

    [Fact]
    public void Calls_return_null_and_run_nothing_when_so_many_are_idle()
    {
        using Database database = Database.Open();
        Connection connection = new(database.Handle);
        NativeState* state = NativeState.Create(new Engine(connection, []));
        FunctionRegistry.Register(connection, state, new("idling", 0, &Answer)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Counts its calls.",
            Example = "SELECT idling()",
            CanBeIdle = true,
        });
        FunctionRegistry.Register(connection, state, new("busy", 0, &Answer)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Counts its calls.",
            Example = "SELECT busy()",
        });
        answered = 0;
        state->Idle = 3;
        Assert.Equal("---12", Values(database, "coalesce(idling(), '-')"));
        Assert.Equal((2, 0L), (answered, state->Idle));
        state->Idle = 3;
        Assert.Equal("34567", Values(database, "busy()"));
        Assert.Equal((7, 3L), (answered, state->Idle));
        NativeState.Release(state);
    }

    private static string Values(Database database, string call) => string.Concat(
        database.Query($"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT {call} FROM n").Select(row => $"{row[0]}"));

    private static void Answer(in Call call) => call.Return((long)++answered);
}
