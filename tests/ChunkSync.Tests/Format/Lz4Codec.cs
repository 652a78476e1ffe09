using System.Runtime.InteropServices;
using ChunkSync.Format;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Format;

/// <summary>An LZ4 codec under test, called with sources and targets whose ends are guarded.</summary>
internal sealed unsafe class Lz4Codec
{
    private readonly delegate*<byte*, int, byte*, int, int> compress;
    private readonly delegate*<byte*, int, byte*, int, int> decompress;

    private Lz4Codec(delegate*<byte*, int, byte*, int, int> compress, delegate*<byte*, int, byte*, int, int> decompress)
    {
        this.compress = compress;
        this.decompress = decompress;
    }

    /// <summary>The project's own.</summary>
    public static Lz4Codec Managed { get; } = new(&Lz4Compressor.Compress, &Lz4Decompressor.Decompress);

    /// <summary>The system's liblz4, or the one that CHUNKSYNC_LZ4_LIBRARY names.</summary>
    public static Lz4Codec Library { get; } = new(&LibraryCompress, &LibraryDecompress);

    /// <summary>True when there is a liblz4.</summary>
    public static bool HasLibrary => Native != null;

    /// <summary>That liblz4, or null.</summary>
    public static Lz4Library? Native { get; } = Load();

    /// <summary>Compresses; empty when the target is too small.</summary>
    public byte[] Compress(byte[] data, int capacity)
    {
        using GuardedBuffer source = new(data.Length);
        using GuardedBuffer target = new(capacity);
        byte* at = target.TakeAtEnd(capacity);
        int length = compress(source.Put(data), data.Length, at, capacity);
        Assert.InRange(length, 0, capacity);
        target.AssertUntouchedBeside(at, capacity);
        return new ReadOnlySpan<byte>(at, length).ToArray();
    }

    /// <summary>Compresses into what always suffices.</summary>
    public byte[] Compress(byte[] data)
    {
        byte[] block = Compress(data, Lz4.Bound(data.Length));
        Assert.NotEmpty(block);
        return block;
    }

    /// <summary>Decompresses into a target that ends where memory ends and into one that begins where memory begins; null when
    /// the block is refused.</summary>
    public byte[]? Decompress(byte[] block, int capacity)
    {
        using GuardedBuffer source = new(block.Length);
        using GuardedBuffer target = new(capacity);
        byte* input = source.Put(block);
        byte* first = target.TakeAtStart();
        int lengthAtStart = decompress(input, block.Length, first, capacity);
        target.AssertUntouchedBeside(first, capacity);
        byte* last = target.TakeAtEnd(capacity);
        int length = decompress(input, block.Length, last, capacity);
        target.AssertUntouchedBeside(last, capacity);
        Assert.InRange(length, int.MinValue, capacity);
        Assert.Equal(length, lengthAtStart);
        return length < 0 ? null : new ReadOnlySpan<byte>(last, length).ToArray();
    }

    /// <summary>Compresses between two places; the length, or 0.</summary>
    public int Compress(byte* source, int length, byte* target, int capacity) => compress(source, length, target, capacity);

    /// <summary>Decompresses between two places; the length, or a negative number.</summary>
    public int Decompress(byte* source, int length, byte* target, int capacity) => decompress(source, length, target, capacity);

    private static Lz4Library? Load()
    {
        string[] names = Environment.GetEnvironmentVariable("CHUNKSYNC_LZ4_LIBRARY") is { Length: > 0 } chosen
            ? [chosen]
            : ["liblz4.so.1", "liblz4.dylib", "liblz4.dll"];
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
            {
                return Lz4Library.Bind(library);
            }
        }

        return null;
    }

    private static int LibraryCompress(byte* source, int length, byte* target, int capacity) =>
        Native!.Compress(source, length, target, capacity);

    private static int LibraryDecompress(byte* source, int length, byte* target, int capacity) =>
        Native!.Decompress(source, length, target, capacity);
}
