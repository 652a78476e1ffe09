using System.Buffers.Binary;
using System.Numerics;
using ChunkSync.Format;
using ChunkSync.Probe;
using ChunkSync.Sqlite;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Probe;

/// <summary>The driver over lists: every cut and subset of a short chain, what is read at all, and what is let go of when something fails.</summary>
public sealed unsafe class ProbeDriverTests
{
    private const int Rows = 8;
    private const int Places = 10;

    private readonly ITestOutputHelper output;

    public ProbeDriverTests(ITestOutputHelper output)
    {
        this.output = output;

        // Memory comes from SQLite's allocator, which is there once any connection was registered.
        using Database database = Database.Open();
    }

    [Fact]
    public void Every_cut_opens_the_chunks_of_the_model_when_every_subset_of_positions_is_asked_for()
    {
        // Ten places, eight of them with a row: one version with a gap, two rows at one place, a version more.
        int[] placeOfRow = [0, 1, 3, 4, 4, 6, 7, 9];
        Position[] places = [.. Enumerable.Range(0, Places).Select(i => new Position(1 + (i / 5), i % 5))];
        Random random = new(7);
        NaiveRow[] rows = [.. placeOfRow.Select(place => NaiveChunk.RandomRow(random, places[place].DbVersion, places[place].Seq))];
        Assert.Equal(placeOfRow.Select(place => places[place]), rows.Select(row => row.Position));
        byte[][] sets = [.. Enumerable.Range(0, 1 << Places).Select(subset => Points(places.Where((_, i) => ((subset >> i) & 1) != 0)))];
        int cases = 0;
        for (int cut = 0; cut < 1 << (Rows - 1); cut++)
        {
            List<(int First, int End)> pieces = Pieces(cut);
            List<StoredChunk> chain = [.. pieces.Select((piece, i) => Stored(i, rows[piece.First..piece.End]))];
            uint[] spans = [.. pieces.Select(piece => Mask(Enumerable.Range(placeOfRow[piece.First], placeOfRow[piece.End - 1] - placeOfRow[piece.First] + 1)))];
            uint[] held = [.. pieces.Select(piece => Mask(placeOfRow[piece.First..piece.End]))];
            for (uint subset = 0; subset < sets.Length; subset++, cases++)
            {
                int hits = placeOfRow.Count(place => ((subset >> place) & 1) != 0);
                int opened = hits == 0 ? 0 : spans.Count(span => (span & subset) != 0);
                int passed = hits == 0 ? 0 : held.Count(rowsOf => (rowsOf & subset) == rowsOf);
                using ProbeScan scan = new(new ListChunkSource(chain), ProbeSet.TryRead(sets[subset])!, new ProbeOptions { NeedsPayload = false });
                long found = 0;
                while (scan.MoveNext())
                {
                    found += scan.Current.Rows;
                }

                ProbeCounters counters = scan.Current.Counters;
                if (hits != found || opened != counters.Opened || passed != counters.Passed)
                {
                    Assert.Fail($"cut {cut}, subset {subset}: {found} rows for {hits}, opened {counters.Opened} for {opened}, passed {counters.Passed} for {passed}");
                }
            }
        }

        Assert.Equal(131_072, cases);
    }

    [Fact]
    public void Chunk_is_not_read_when_it_would_expand_to_more_than_is_allowed()
    {
        Random random = new(Seed.Next(output));
        List<NaiveRow> rows = [.. Enumerable.Range(0, 20).Select(i => NaiveChunk.RandomRow(random, i, 0))];
        long size = rows.Sum(row => (long)row.Encoded.Length);
        foreach (bool compress in (bool[])[true, false])
        {
            byte[] payload = NaiveChunk.MakePayload(rows, 2, 5, compress);
            ListChunkSource source = new([new StoredChunk(3, payload, null)]);
            using ProbeScan refused = new(source, ProbeSet.TryRead(ProbeBytes.Everything())!, new ProbeOptions { MaxExpanded = size - 1 });
            DamagedChunkException damage = Assert.Throws<DamagedChunkException>(() => refused.MoveNext());
            Assert.Equal($"chunk 3: expands to {size} bytes, more than max_expanded_size {size - 1}", damage.Message);
            Assert.Equal(0, source.Reads);
            using ProbeScan read = new(new ListChunkSource([new StoredChunk(3, payload, null)]), ProbeSet.TryRead(ProbeBytes.Everything())!, new ProbeOptions { MaxExpanded = size });
            Assert.True(read.MoveNext());
        }
    }

    [Fact]
    public void Damage_goes_unnoticed_when_the_chunk_is_not_needed()
    {
        Random random = new(Seed.Next(output));
        List<StoredChunk> chain = [];
        for (int i = 0; i < 9; i++)
        {
            StoredChunk sound = Stored(i, [.. Enumerable.Range(0, 5).Select(row => NaiveChunk.RandomRow(random, i, row))], level: 1);
            byte[] payload = sound.Payload;
            payload[^1] ^= i is 3 or 4 ? (byte)0 : (byte)0xFF;
            chain.Add(sound);
        }

        // Versions 3 and 4 whole, by a range: nothing else is read, and these are not opened.
        using ProbeSetBuilder builder = new();
        builder.AddRange(new PositionInterval(new Position(3, long.MinValue), new Position(4, long.MaxValue)));
        ListChunkSource source = new(chain);
        using ProbeScan scan = new(source, ProbeSet.TryRead(ProbeBytes.Finish(builder))!, new ProbeOptions());
        Assert.True(scan.MoveNext());
        Assert.Equal(chain[3].Payload, scan.Current.Payload.Bytes.ToArray());
        Assert.True(scan.MoveNext());
        Assert.Equal(chain[4].Payload, scan.Current.Payload.Bytes.ToArray());
        Assert.Equal((9L, 0L, 2L, (long)chain[3].Payload.Length + chain[4].Payload.Length),
            (scan.Current.Counters.Seen, scan.Current.Counters.Opened, scan.Current.Counters.Passed, scan.Current.Counters.BytesRead));
        Assert.Equal(0, source.Reads);
        Assert.False(scan.MoveNext());

        // One position in the sound chunk opens it alone.
        using ProbeSetBuilder point = new();
        point.AddPoint(new Position(3, 2));
        using ProbeScan one = new(new ListChunkSource(chain), ProbeSet.TryRead(ProbeBytes.Finish(point))!, new ProbeOptions());
        Assert.True(one.MoveNext());
        Assert.Equal((1L, 0L, (long)chain[3].Payload.Length), (one.Current.Counters.Opened, one.Current.Counters.Passed, one.Current.Counters.BytesRead));

        // A damaged one that is needed is named.
        using ProbeSetBuilder damaged = new();
        damaged.AddPoint(new Position(6, 2));
        using ProbeScan failing = new(new ListChunkSource(chain), ProbeSet.TryRead(ProbeBytes.Finish(damaged))!, new ProbeOptions());
        Assert.Equal("chunk 6: invalid checksum", Assert.Throws<DamagedChunkException>(() => failing.MoveNext()).Message);
    }

    [Fact]
    public void Nothing_stays_open_when_any_call_of_the_source_fails()
    {
        Random random = new(Seed.Next(output));
        int failures = 0;
        for (int turn = 0; turn < 60; turn++)
        {
            bool ordered = random.Next(2) == 0;
            List<NaiveChunk> chain = NaiveChunk.RandomChain(random, ordered);
            List<StoredChunk> stored = [.. chain.Select(chunk => new StoredChunk(chunk.Ordinal, chunk.Payload, random.Next(2) == 0 ? null : ProbeBytes.Index(chunk.Payload, 2)))];
            using ProbeSetBuilder builder = new();
            _ = NaiveProbe.Random(random, chain, builder);
            byte[] set = ProbeBytes.Finish(builder);
            ProbeOptions options = new() { MaxSize = random.Next(40, 300), Invert = random.Next(2) == 0, Verify = random.Next(3), Order = ordered ? ChainOrder.Position : ChainOrder.None };
            bool failed = true;
            for (int call = 1; failed; call++)
            {
                ListChunkSource source = new(stored, random.Next(2) == 0) { FailAt = call };
                using ProbeScan scan = new(source, ProbeSet.TryRead(set)!, options);
                failed = Fails(scan);
                Assert.Equal(0, source.Leases);
                Assert.Equal(failed, source.Calls >= call);
                Assert.True(!failed || !scan.MoveNext(), "a failed scan goes on");
                failures += failed ? 1 : 0;
            }
        }

        Assert.True(failures > 500);
    }

    [Fact]
    public void Nothing_stays_open_when_a_scan_is_left_behind_any_page()
    {
        Random random = new(Seed.Next(output));
        for (int turn = 0; turn < 40; turn++)
        {
            List<StoredChunk> stored = [.. NaiveChunk.RandomChain(random, ordered: false).Select(chunk => new StoredChunk(chunk.Ordinal, chunk.Payload, null))];
            bool more = true;
            for (int pages = 0; more; pages++)
            {
                ListChunkSource source = new(stored);
                using (ProbeScan scan = new(source, ProbeSet.TryRead(ProbeBytes.Everything())!, new ProbeOptions { MaxSize = 1 }))
                {
                    for (int page = 0; page < pages && more; page++)
                    {
                        more = scan.MoveNext();
                        Assert.InRange(source.Leases, 0, 1);
                    }
                }

                Assert.Equal(0, source.Leases);
            }
        }
    }

    [Fact]
    public void Entities_with_the_same_hash_are_told_apart_by_their_keys()
    {
        (byte[] first, byte[] second) = Collision();
        NaiveRow row = NaiveChunk.RandomRow(new Random(3), 1, 0);
        byte[] Encode(byte[] key) => [.. row.Encoded[..(2 + row.Encoded[1])], 0x0C, (byte)key.Length, .. key, .. row.Encoded[(4 + row.Encoded[1] + row.Encoded[3 + row.Encoded[1]])..]];
        byte[] table = row.Encoded[2..(2 + row.Encoded[1])];
        NaiveRow[] rows = [row with { Key = first, Encoded = Encode(first) }];
        StoredChunk chunk = Stored(0, rows, level: 2);
        foreach ((byte[] wanted, int hits) in ((byte[], int)[])[(first, 1), (second, 0)])
        {
            using ProbeSetBuilder builder = new();
            builder.AddEntity(table, wanted);
            byte[] set = ProbeBytes.Finish(builder);
            using ProbeSet read = ProbeSet.TryRead(set)!;
            ChunkFacts facts = Facts(chunk, out GuardedBuffer memory);
            using (memory)
            {
                // The index cannot tell: the chunk is opened, and only a key that is equal is a hit.
                Assert.Equal(Verdict.Some, ProbeDecision.Of(facts, read).Verdict);
            }

            using ProbeScan scan = new(new ListChunkSource([chunk]), ProbeSet.TryRead(set)!, new ProbeOptions());
            Assert.Equal(hits > 0, scan.MoveNext());
        }
    }

    /// <summary>Two keys of one table whose 40-bit hashes are equal.</summary>
    private static (byte[] First, byte[] Second) Collision()
    {
        byte[] table = [.. System.Text.Encoding.UTF8.GetBytes(NaiveChunk.RandomRow(new Random(3), 1, 0).Table.ToLowerInvariant())];
        const int Keys = 5_000_000;
        ulong[] hashes = new ulong[Keys];
        int[] keys = new int[Keys];
        byte[] key = new byte[4];
        for (int i = 0; i < Keys; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(key, i);
            hashes[i] = EntityHash.Of(table, key);
            keys[i] = i;
        }

        Array.Sort(hashes, keys);
        int at = Enumerable.Range(1, Keys - 1).First(i => hashes[i] == hashes[i - 1]);
        byte[] Bytes(int number)
        {
            byte[] bytes = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(bytes, number);
            return bytes;
        }

        return (Bytes(keys[at]), Bytes(keys[at - 1]));
    }

    private static ChunkFacts Facts(StoredChunk chunk, out GuardedBuffer memory)
    {
        memory = new GuardedBuffer(chunk.Index!.Length);
        byte* index = memory.Put(chunk.Index);
        ChunkFacts facts = new(chunk.Payload.AsSpan(0, ContainerHeader.Length), chunk.Payload.Length);
        facts.ReadIndex(index, chunk.Index.Length);
        return facts;
    }

    private static bool Fails(ProbeScan scan)
    {
        try
        {
            while (scan.MoveNext())
            {
                Assert.True(scan.Current.Rows > 0);
            }

            return false;
        }
        catch (EngineException failure)
        {
            Assert.Equal("disk I/O error", failure.Message);
            return true;
        }
    }

    private static byte[] Points(IEnumerable<Position> points)
    {
        using ProbeSetBuilder builder = new();
        foreach (Position point in points)
        {
            builder.AddPoint(point);
        }

        return ProbeBytes.Finish(builder);
    }

    private static uint Mask(IEnumerable<int> places) => places.Aggregate(0u, (mask, place) => mask | (1u << place));

    private static List<(int First, int End)> Pieces(int cut)
    {
        int[] borders = [0, .. Enumerable.Range(1, Rows - 1).Where(row => ((cut >> (row - 1)) & 1) != 0), Rows];
        Assert.Equal(BitOperations.PopCount((uint)cut) + 2, borders.Length);
        return [.. borders.Zip(borders.Skip(1))];
    }

    private static StoredChunk Stored(long ordinal, NaiveRow[] rows, int level = 1)
    {
        byte[] payload = NaiveChunk.MakePayload([.. rows], 2, 5, compress: false);
        return new StoredChunk(ordinal, payload, ProbeBytes.Index(payload, level));
    }
}
