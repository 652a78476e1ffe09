using ChunkSync.Chunks;
using ChunkSync.Format;

namespace ChunkSync.Tests.Format;

public class CheckTests
{
    /// <summary>One in each assembly. Built by themselves, the assemblies of the configuration Release have none: ChunkSync.Loaded.Tests looks at
    /// those.</summary>
    [Fact]
    public void Checks_are_on_when_tests_run()
    {
        Assert.True(Check.IsOn, "the engine that is tested was built without its checks: its references ask for the configuration Checked");
        CheckFailedException failure = Assert.Throws<CheckFailedException>(WriteNothing);
        Assert.StartsWith("ValueCodec.cs:", failure.Message, StringComparison.Ordinal);
        Assert.EndsWith(": length >= 0 && (data != null || length == 0)", failure.Message, StringComparison.Ordinal);
        Assert.Equal(failure.Message, Check.TakeFailure());
        Assert.Null(Check.TakeFailure());

        Assert.Throws<CheckFailedException>(CommitTooMuch);
        Assert.StartsWith("ChunkBody.cs:", Check.TakeFailure(), StringComparison.Ordinal);
    }

    private static unsafe void WriteNothing()
    {
        byte* target = stackalloc byte[ValueCodec.MaxHeader];
        ValueCodec.WriteBytes(target, ValueCodec.Text, null, 1);
    }

    /// <summary>No memory is taken, and none is to be given back.</summary>
    private static unsafe void CommitTooMuch() => new ChunkBody().Commit((byte*)1);
}
