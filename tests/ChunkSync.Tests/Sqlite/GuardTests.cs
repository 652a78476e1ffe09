using ChunkSync.Format;
using ChunkSync.Session;
using ChunkSync.Sql;
using ChunkSync.Sqlite;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Sqlite;

public class GuardTests
{
    [Fact]
    public unsafe void Function_and_version_are_named_when_something_unexpected_is_thrown()
    {
        using Database database = Database.Open();
        FunctionDefinition broken = new("broken", 0, &Throw)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Throws.",
            Example = "SELECT broken()",
        };
        FunctionDefinition wrong = new("wrong", 0, &Succeed)
        {
            InSchema = SchemaUse.DirectOnly,
            Summary = "Fails with a code that means success.",
            Example = "SELECT wrong()",
        };
        Connection connection = new(database.Handle);
        Sqlite3.Attach(Sqlite3.Api);
        NativeState* state = NativeState.Create(new Engine(connection, []));
        FunctionRegistry.Register(connection, state, broken);
        FunctionRegistry.Register(connection, state, wrong);
        NativeState.Release(state);

        SqlException failure = Assert.Throws<SqlException>(() => database.Scalar("SELECT broken()"));
        Assert.Equal(1, failure.Code);
        Assert.StartsWith($"chunksync {ProductInfo.Version}: internal error in broken() (InvalidOperationException: out of order)", failure.Text);
        Assert.Contains("please report it", failure.Text);
        Assert.Equal((1, "done"), Assert.Throws<SqlException>(() => database.Scalar("SELECT wrong()")) is { } other ? (other.Code, other.Text) : default);
    }

    private static void Throw(in Call call) => throw new InvalidOperationException("out of order");

    private static void Succeed(in Call call) => throw new EngineException(ResultCode.Done, "done");
}
