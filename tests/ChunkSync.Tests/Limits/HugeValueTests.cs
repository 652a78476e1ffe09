using ChunkSync.Format;
using ChunkSync.Merge;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Limits;

/// <summary>A value of half a gigabyte, in a sample of 160 MiB, which no part of the engine may ever hold.</summary>
[Collection(MemoryCollection.Name)]
public sealed unsafe class HugeValueTests(ITestOutputHelper output)
{
    private const long ChunkSize = 33_554_432;
    private const int PagesPerConnection = 6;

    private static readonly long Length = (Share.IsWhole ? 512L : 160L) << 20;

    /// <summary>V begins with its lead byte and a length of four bytes.</summary>
    private const long Header = 5;

    [Fact]
    public void Parts_make_up_the_value_when_a_huge_one_is_paged_over_several_connections()
    {
        using TempFile file = new();
        Write(file.Path);
        Fnv1a64 hash = new(Fnv1a64.OffsetBasis);
        long total = 0;
        long parts = 0;
        string checksum = "";
        Drainer drain = new(ChunkSize)
        {
            OnPayload = payload => ReadPart(payload, part =>
            {
                Assert.Equal((parts++, Length + Header), (part.PartIndex, part.TotalSize));
                hash.Add(part.Data, part.DataLength);
                total += part.DataLength;
                checksum = part.Checksum;
            }),
        };
        long peak = 0;
        int connections = 0;
        for (; !drain.IsFinal; connections++)
        {
            using Database database = Database.Open(file.Path);
            HeapMeter meter = HeapMeter.Start();
            drain.Drain(database, PagesPerConnection);
            peak = Math.Max(peak, meter.Peak);
        }

        output.WriteLine($"{parts} parts over {connections} connections, high water {peak} above idle");
        Assert.Equal((Length + Header, drain.Chunks), (total, parts));
        Assert.Equal(checksum, hash.Value.ToString("x16"));
        Assert.InRange(peak, 1, (4 * ChunkSize) + (8 << 20));
    }

    private static void Write(string path)
    {
        using Database database = Database.Open(path);
        database.Exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, v);"
            + $" SELECT cloudsync_init('t'); INSERT INTO t VALUES ('x', zeroblob({Length})); BEGIN");
        Assert.Equal(0, NativeSqlite.BlobOpen(database.Handle, "main", "t", "v", 1, 1, out nint blob));
        byte[] mark = new byte[100_000];
        new Random(1).NextBytes(mark);
        fixed (byte* bytes = mark)
        {
            // Something to see in every part, at places that have nothing to do with where parts begin.
            for (long at = 0; at + mark.Length <= Length; at += 20_000_003)
            {
                Assert.Equal(0, NativeSqlite.BlobWrite(blob, bytes, mark.Length, (int)at));
            }
        }

        _ = NativeSqlite.BlobClose(blob);
        database.Exec("COMMIT");
    }

    private static void ReadPart(ReadOnlySpan<byte> payload, Action<FragmentRow> use)
    {
        ContainerHeader header = ContainerHeader.Read(payload);
        Assert.Equal((ContainerHeader.FragmentVersion, 1u), (header.Version, header.Rows));
        byte* body = (byte*)System.Runtime.InteropServices.NativeMemory.Alloc((nuint)ChunkSize);
        try
        {
            fixed (byte* bytes = payload)
            {
                byte* stored = bytes + ContainerHeader.Length;
                long length = payload.Length - ContainerHeader.Length;
                if (header.ExpandedSize != 0)
                {
                    Assert.Equal((int)header.ExpandedSize, Lz4.Decompress(stored, (int)length, body, (int)header.ExpandedSize));
                }

                ValueReader reader = new(header.ExpandedSize != 0 ? body : stored, header.ExpandedSize != 0 ? header.ExpandedSize : length);
                use(FragmentRow.Read(ref reader, 0));
            }
        }
        finally
        {
            System.Runtime.InteropServices.NativeMemory.Free(body);
        }
    }
}
