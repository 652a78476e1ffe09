using ChunkSync.Format;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Chunks;

/// <summary>Compares what <c>cloudsync_payload_chunks</c> gives with the naive model.</summary>
internal static class PageCheck
{
    /// <summary>A full scan, chunk by chunk.</summary>
    public static void Scan(List<ChunkRow> scan, List<NaiveStream.Row> rows, long chunkSize, long watermark)
    {
        int index = 0;
        long inside = 0;
        foreach (ChunkRow chunk in scan)
        {
            NaiveStream.Chunk expected = NaiveStream.Cut(rows, index, inside, chunkSize, watermark);
            Page(expected, chunk, watermark);
            bool fragment = chunk.Payload[4] == 3;
            bool within = fragment && !expected.IsFinal && expected.Next == NaiveStream.Cursor(rows, index, expected.Next.O - NaiveStream.Cursor(rows, index, 0, watermark).O, watermark)
                && expected.Next != NaiveStream.Cursor(rows, Math.Min(index + 1, rows.Count), 0, watermark);
            inside = within ? expected.Next.O - NaiveStream.Cursor(rows, index, 0, watermark).O : 0;
            index += within ? 0 : (int)chunk.Rows;
        }

        Assert.Equal(rows.Count, index);
    }

    /// <summary>One chunk.</summary>
    public static void Page(NaiveStream.Chunk expected, ChunkRow actual, long watermark)
    {
        Assert.Equal(
            (expected.Rows, expected.Min, expected.Max, expected.Next.V, expected.Next.S, expected.Next.O, expected.IsFinal, watermark),
            (actual.Rows, actual.Min, actual.Max, actual.NextDbVersion, actual.NextSeq, actual.NextOffset, actual.IsFinal, actual.Watermark));
        Assert.True(expected.Body.AsSpan().SequenceEqual(Body(actual.Payload)), "the bodies differ");
    }

    private static unsafe byte[] Body(byte[] payload)
    {
        ContainerHeader header = ContainerHeader.Read(payload);
        if (header.ExpandedSize == 0)
        {
            return payload[ContainerHeader.Length..];
        }

        byte[] body = new byte[header.ExpandedSize];
        fixed (byte* source = payload)
        fixed (byte* target = body)
        {
            Assert.Equal(body.Length, Lz4.Decompress(source + ContainerHeader.Length, payload.Length - ContainerHeader.Length, target, body.Length));
        }

        return body;
    }
}
