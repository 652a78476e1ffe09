using System.Buffers.Binary;
using System.Numerics;
using ChunkSync.Format;
using ChunkSync.Probe;
using ChunkSync.Sqlite;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Probe;

/// <summary>Damaged payloads, indexes and sets: every bit of a header, every prefix, rows of every form. What is wrong is an error that names the chunk, and
/// nothing behind a buffer is read.</summary>
public sealed unsafe class ProbeDamageTests
{
    private readonly ITestOutputHelper output;

    public ProbeDamageTests(ITestOutputHelper output)
    {
        this.output = output;

        // Memory comes from SQLite's allocator, which is there once any connection was registered.
        using Database database = Database.Open();
    }

    [Fact]
    public void Flipped_header_bit_is_an_error_that_names_the_chunk_or_gives_the_right_rows()
    {
        Random random = new(Seed.Next(output));
        foreach (byte version in (byte[])[1, 2, 3])
        {
            foreach (bool compress in (bool[])[true, false])
            {
                NaiveRow[] rows = [.. Enumerable.Range(0, 12).Select(i => NaiveChunk.RandomRow(random, i, 0, version == 3))];
                byte[] payload = NaiveChunk.MakePayload([.. rows], version, 5, compress);
                byte[] index = ProbeBytes.Index(payload, 2);
                for (int bit = 0; bit < ContainerHeader.Length * 8; bit++)
                {
                    byte[] flipped = [.. payload];
                    flipped[bit / 8] ^= (byte)(1 << (bit % 8));
                    string what = $"version {version}, bit {bit}";

                    // Opened for its rows: refused, or all of them are there.
                    CheckDamaged(what, new StoredChunk(4, flipped, null), new ProbeOptions(), rows, mayPass: true);
                    CheckDamaged(what, new StoredChunk(4, flipped, null), new ProbeOptions { Verify = 0 }, rows, mayPass: true);

                    // The index is another payload's now, wherever the header is read from.
                    CheckDamaged(what, new StoredChunk(4, flipped, index), new ProbeOptions(), rows, mayPass: false);
                    CheckDamaged(what, new StoredChunk(4, flipped, index), new ProbeOptions { Verify = 2 }, rows, mayPass: false, cheapHeader: false);
                }
            }
        }
    }

    [Fact]
    public void Prefix_of_a_payload_an_index_or_a_set_is_refused_at_every_length()
    {
        Random random = new(Seed.Next(output));
        List<NaiveRow> rows = [.. Enumerable.Range(0, 6).Select(i => NaiveChunk.RandomRow(random, i, 0))];
        foreach (bool compress in (bool[])[true, false])
        {
            byte[] payload = NaiveChunk.MakePayload(rows, 2, 5, compress);
            byte[] index = ProbeBytes.Index(payload, 2);
            for (int length = 0; length < payload.Length; length++)
            {
                CheckDamaged($"{length} bytes", new StoredChunk(4, payload[..length], null), new ProbeOptions(), [.. rows], mayPass: false);
            }

            for (int length = 1; length < index.Length; length++)
            {
                CheckDamaged($"index of {length} bytes", new StoredChunk(4, payload, index[..length]), new ProbeOptions(), [.. rows], mayPass: false);
            }
        }

        byte[] set = ProbeBytes.Everything();
        for (int length = 0; length < set.Length; length++)
        {
            Assert.Null(ProbeSet.TryRead(set.AsSpan(0, length)));
        }
    }

    [Fact]
    public void Walker_reads_nothing_behind_the_body_when_rows_are_of_every_form()
    {
        Random random = new(Seed.Next(output));
        using GuardedBuffer memory = new(1 << 16);
        for (int turn = 0; turn < 3000; turn++)
        {
            List<NaiveRow> rows = [.. Enumerable.Range(0, random.Next(1, 5)).Select(i => NaiveChunk.RandomRow(random, i))];
            byte[] body = [.. rows.SelectMany(row => row.Encoded)];
            if (random.Next(2) == 0)
            {
                body[random.Next(body.Length)] = (byte)random.Next(256);
            }

            body = random.Next(3) == 0 ? body[..random.Next(body.Length)] : body;
            Assert.Equal(NaiveWalk(body, rows.Count), Walk(memory.Put(body), body.Length, rows.Count));
        }
    }

    [Fact]
    public void Rows_of_a_chunk_count_for_nothing_when_its_checksum_is_wrong()
    {
        Random random = new(Seed.Next(output));
        NaiveRow lost = NaiveChunk.RandomRow(random, 1, 0);
        NaiveRow kept = NaiveChunk.RandomRow(random, 2, 0);
        byte[] damaged = NaiveChunk.MakePayload([lost, lost], 2, 5, compress: false);
        damaged[ContainerHeader.Length - 1] ^= 1;
        List<StoredChunk> chain = [new(0, damaged, null), new(1, NaiveChunk.MakePayload([kept], 2, 5, compress: false), null)];
        using ProbeSetBuilder builder = new();
        builder.AddPoint(lost.Position);
        builder.AddPoint(kept.Position);
        byte[] set = ProbeBytes.Finish(builder);
        using ProbeScan scan = new(new ListChunkSource(chain), ProbeSet.TryRead(set)!, new ProbeOptions { SkipDamaged = true });
        Assert.True(scan.MoveNext());
        Assert.Equal(kept.Encoded, ProbeBytes.Body(scan.Current.Payload.Bytes.ToArray()));
        Assert.Equal((1L, 1L), (scan.Current.Counters.Damaged, scan.Current.Misses));
        Assert.False(scan.MoveNext());
    }

    [Fact]
    public void Checksum_is_what_is_named_when_rows_are_wrong_too()
    {
        byte[] payload = NaiveChunk.MakePayload([NaiveChunk.RandomRow(new Random(5), 1, 0)], 2, 5, compress: false);
        payload[ContainerHeader.Length] = 0xFF;
        Assert.Equal("chunk 4: invalid checksum", Failure(payload, new ProbeOptions()));
        Assert.Equal("chunk 4: row 0 cannot be decoded at offset 0", Failure(payload, new ProbeOptions { Verify = 0 }));
    }

    private static string Failure(byte[] payload, ProbeOptions options)
    {
        using ProbeScan scan = new(new ListChunkSource([new StoredChunk(4, payload, null)]), ProbeSet.TryRead(ProbeBytes.Everything())!, options);
        return Assert.Throws<DamagedChunkException>(() => scan.MoveNext()).Message;
    }

    /// <summary>What the general reader makes of a body: offset, position and lengths of each row, and whether it ends with an error.</summary>
    private static List<string> NaiveWalk(byte[] body, int rows)
    {
        List<string> found = [];
        fixed (byte* data = body.Length == 0 ? new byte[1] : body)
        {
            ValueReader reader = new(data, body.Length);
            for (int row = 0; row < rows; row++)
            {
                long offset = reader.Offset;
                WireValue[] values = new WireValue[ChangeRowCodec.Columns];
                for (int i = 0; i < values.Length; i++)
                {
                    if (!reader.TryRead(out values[i]))
                    {
                        found.Add("error");
                        return found;
                    }

                    bool isBytes = values[i].Kind is WireKind.Text or WireKind.Blob;
                    if ((i is 0 or 1 or 6 && !isBytes) || (i is 5 or 8 && values[i].Kind != WireKind.Integer))
                    {
                        found.Add("error");
                        return found;
                    }
                }

                found.Add($"{offset} {reader.Offset - offset} {values[0].Length} {values[1].Length} {values[6].Length} {values[5].Integer} {values[8].Integer}");
            }
        }

        return found;
    }

    private static List<string> Walk(byte* body, int length, int rows)
    {
        List<string> found = [];
        ChangeRowWalker row = new(body, length);
        try
        {
            for (int i = 0; i < rows; i++)
            {
                row.Next();
                found.Add($"{row.Offset} {row.Length} {row.TableLength} {row.KeyLength} {row.SiteLength} {row.Position.DbVersion} {row.Position.Seq}");
            }
        }
        catch (DamagedChunkException)
        {
            found.Add("error");
        }

        return found;
    }

    /// <summary>Probes one chunk for everything that has a table, row by row: an error that names it, or all its rows. With damage left out it is
    /// counted instead.</summary>
    private static void CheckDamaged(string what, StoredChunk chunk, ProbeOptions options, NaiveRow[] rows, bool mayPass, bool cheapHeader = true)
    {
        byte[] set = ProbeBytes.Everything();
        ListChunkSource source = new([chunk], cheapHeader);
        using ProbeScan scan = new(source, ProbeSet.TryRead(set)!, options);
        List<byte> body = [];
        try
        {
            while (scan.MoveNext())
            {
                body.AddRange(ProbeBytes.Body(scan.Current.Payload.Bytes.ToArray()));
            }

            Assert.True(mayPass, what + " is not noticed");
            Assert.True(rows.SelectMany(row => row.Encoded).SequenceEqual(body), what + " gives other rows");
        }
        catch (DamagedChunkException damage)
        {
            Assert.StartsWith("chunk 4: ", damage.Message, StringComparison.Ordinal);
            ListChunkSource again = new([chunk], cheapHeader);
            using ProbeScan lenient = new(again, ProbeSet.TryRead(set)!, options with { SkipDamaged = true });
            bool found = lenient.MoveNext();

            // An index that does not fit is left out, then the payload counts.
            Assert.True(!found || chunk.Index != null, what);
            Assert.Equal(0, again.Leases);
        }

        Assert.Equal(0, source.Leases);
    }
}
