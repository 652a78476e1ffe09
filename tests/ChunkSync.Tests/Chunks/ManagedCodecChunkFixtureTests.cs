using ChunkSync.Format;
using ChunkSync.Tests.Format;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Chunks;

/// <summary>The recorded chunks once more, by the codec that works where there is no liblz4.</summary>
[Collection(CodecCollection.Name)]
public sealed class ManagedCodecChunkFixtureTests : ChunkFixtureTests, IDisposable
{
    private readonly Lz4Library? before = Lz4.Library;

    public ManagedCodecChunkFixtureTests()
    {
        Lz4.Library = null;
        Assert.Equal(Lz4.Managed, CodecInUse());
    }

    public void Dispose()
    {
        string inUse = CodecInUse();
        Lz4.Library = before;
        Assert.Equal(Lz4.Managed, inUse);
    }

    private static string CodecInUse()
    {
        using Database database = Database.Open();
        return (string)database.Scalar("SELECT chunksync_codec()")!;
    }
}
