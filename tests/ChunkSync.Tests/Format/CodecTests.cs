using System.Runtime.InteropServices;
using ChunkSync.Format;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Format;

/// <summary>Which codec works, and that it is told.</summary>
[Collection(CodecCollection.Name)]
public sealed unsafe class CodecTests
{
    private static int calls;

    [Lz4LibraryFact]
    public void Codec_is_named_when_it_is_asked_for()
    {
        using Database database = Database.Open();
        Lz4Library? before = Lz4.Library;
        try
        {
            Lz4.Library = Lz4Codec.Native;
            Assert.Matches(@"^liblz4 1\.\d+\.\d+$", (string?)database.Scalar("SELECT chunksync_codec()"));
            Lz4.Library = null;
            Assert.Equal("managed", database.Scalar("SELECT chunksync_codec()"));
            using Database another = Database.Open();
            Assert.Equal("managed", another.Scalar("SELECT chunksync_codec()"));
        }
        finally
        {
            Lz4.Library = before;
        }
    }

    [Fact]
    public void Codec_can_be_asked_for_when_a_view_does_it()
    {
        using Database database = Database.Open();
        database.Exec("PRAGMA trusted_schema = OFF; CREATE VIEW v AS SELECT chunksync_codec() AS codec");
        Assert.Equal(Lz4.Codec, database.Scalar("SELECT codec FROM v"));
    }

    [Theory]
    [InlineData(10903, true)]
    [InlineData(10904, true)]
    [InlineData(11000, true)]
    [InlineData(11099, true)]
    [InlineData(11100, false)]
    [InlineData(20000, false)]
    [InlineData(10902, false)]
    [InlineData(10701, false)]
    [InlineData(0, false)]
    public void Library_is_used_when_its_bytes_are_known(int version, bool isKnown)
    {
        Lz4Library library = new(version, &Count, &Count);
        Assert.Equal(isKnown && sizeof(nint) == 8 && BitConverter.IsLittleEndian, library.IsKnown);
    }

    [Fact]
    public void Library_does_the_work_when_it_is_set()
    {
        Lz4Library? before = Lz4.Library;
        byte* buffer = stackalloc byte[100];
        try
        {
            Lz4.Library = new Lz4Library(10904, &Count, &Count);
            Assert.Equal("liblz4 1.9.4", Lz4.Codec);
            calls = 0;
            Assert.Equal(7, Lz4.Compress(buffer, 20, buffer + 50, 50));
            Assert.Equal(7, Lz4.Decompress(buffer, 20, buffer + 50, 50));
            Assert.Equal(2, calls);
            Lz4.Library = null;
            Assert.NotEqual(7, Lz4.Compress(buffer, 20, buffer + 50, 50));
            Assert.Equal(2, calls);
        }
        finally
        {
            Lz4.Library = before;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static int Count(byte* source, byte* target, int length, int capacity)
    {
        calls++;
        return 7;
    }
}
