using ChunkSync.Format;
using ChunkSync.Probe;
using ChunkSync.Sqlite;

namespace ChunkSync.Tests.Probe;

/// <summary>Makes the bytes that probes work with, and reads those that come out.</summary>
internal static unsafe class ProbeBytes
{
    /// <summary>The index of a payload.</summary>
    public static byte[] Index(byte[] payload, int level)
    {
        using PayloadIndexWriter writer = new();
        using NativeBuffer target = new();
        fixed (byte* bytes = payload)
        {
            writer.Write(bytes, payload.Length, level, target);
        }

        return target.Bytes.ToArray();
    }

    /// <summary>The set of a builder.</summary>
    public static byte[] Finish(ProbeSetBuilder builder)
    {
        using NativeBuffer target = new();
        builder.Finish(target);
        return target.Bytes.ToArray();
    }

    /// <summary>Every position by two ranges that leave one out, where no row is: a chunk is walked, and all its rows match.</summary>
    public static byte[] Everything()
    {
        using ProbeSetBuilder builder = new();
        builder.AddRange(new PositionInterval(Position.First, new Position(-2, 0)));
        builder.AddRange(new PositionInterval(new Position(-1, 0), Position.Last));
        return Finish(builder);
    }

    /// <summary>The rows of a payload.</summary>
    public static byte[] Body(byte[] payload)
    {
        using NativeBuffer expanded = new();
        fixed (byte* bytes = payload)
        {
            ContainerHeader header = PayloadCheck.ReadHeader(payload, payload.Length);
            byte* body = PayloadCheck.Open(header, bytes, payload.Length, false, long.MaxValue, expanded, out long size);
            return new ReadOnlySpan<byte>(body, (int)size).ToArray();
        }
    }
}
