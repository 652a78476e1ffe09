using System.Buffers.Binary;
using ChunkSync.Format;
using ChunkSync.Probe;
using ChunkSync.Sqlite;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Probe;

/// <summary>Random chains, sets and page sizes against the naive filter: without index, with both levels, with the header taken from the index,
/// with promised order; and from every cursor that a drain can give out.</summary>
public sealed unsafe class ProbePropertyTests(ITestOutputHelper output)
{
    private const int Turns = 45;

    [Fact, Soak("probes")]
    public void Probe_equals_the_naive_filter_on_every_arm_and_from_every_cursor()
    {
        using Database database = Database.Open();
        using Effort effort = Effort.Start("probes", output, sample: Turns);
        while (effort.Next("chains"))
        {
            effort.Add("probes", Run(effort.Random));
        }
    }

    [Fact, Soak("probe-mutations")]
    public void Damaged_bytes_are_refused_or_read_right_when_anything_is_changed_in_them()
    {
        using Database database = Database.Open();
        using Effort effort = Effort.Start("probe-mutations", output, sample: 80);
        while (effort.Next("chunks"))
        {
            effort.Add("mutations", Mutate(effort.Random));
        }
    }

    private static int Run(Random random)
    {
        bool ordered = random.Next(2) == 0;
        List<NaiveChunk> chain = NaiveChunk.RandomChain(random, ordered);
        List<StoredChunk>[] levels =
        [
            [.. chain.Select(chunk => new StoredChunk(chunk.Ordinal, chunk.Payload, null))],
            [.. chain.Select(chunk => new StoredChunk(chunk.Ordinal, chunk.Payload, ProbeBytes.Index(chunk.Payload, 1)))],
            [.. chain.Select(chunk => new StoredChunk(chunk.Ordinal, chunk.Payload, random.Next(4) == 0 ? null : ProbeBytes.Index(chunk.Payload, 2)))],
        ];
        int probes = 0;
        for (int i = 0; i < 3; i++)
        {
            using ProbeSetBuilder builder = new();
            NaiveProbe naive = NaiveProbe.Random(random, chain, builder);
            byte[] set = ProbeBytes.Finish(builder);
            bool invert = random.Next(3) == 0;
            long maxSize = random.Next(3) switch { 0 => 1, 1 => random.Next(40, 400), _ => ProbeOptions.DefaultMaxSize };
            List<NaiveProbe.Page> expected = naive.Pages(chain, null, maxSize, invert);
            for (int arm = 0; arm < 5; arm++)
            {
                ProbeOptions options = new() { Invert = invert, MaxSize = maxSize, Order = ordered && arm >= 3 ? ChainOrder.Position : ChainOrder.None, Compress = random.Next(2) == 0 };
                Check(levels[arm % 3], set, options, expected, cheapHeader: arm != 4);
                probes++;
                foreach (NaiveProbe.Page page in expected)
                {
                    Check(levels[arm % 3], set, options with { Resume = page.Next }, naive.Pages(chain, page.Next, maxSize, invert), arm != 4);
                    probes++;
                }
            }

            probes += CheckEveryRow(chain, levels[2], set, naive, new ProbeOptions { Invert = invert, MaxSize = maxSize });
        }

        return probes;
    }

    /// <summary>A cursor may name any row of any chunk, hit or not.</summary>
    private static int CheckEveryRow(List<NaiveChunk> chain, List<StoredChunk> stored, byte[] set, NaiveProbe naive, ProbeOptions options)
    {
        int checks = 0;
        foreach (NaiveChunk chunk in chain)
        {
            for (int row = 0; row <= chunk.Rows.Count; row++)
            {
                (long, long) resume = (chunk.Ordinal, row);
                Check(stored, set, options with { Resume = resume }, naive.Pages(chain, resume, options.MaxSize, options.Invert), true);
                checks++;
            }
        }

        return checks;
    }

    private static void Check(List<StoredChunk> chain, byte[] set, ProbeOptions options, List<NaiveProbe.Page> expected, bool cheapHeader)
    {
        ListChunkSource source = new(chain, cheapHeader);
        using ProbeScan scan = new(source, ProbeSet.TryRead(set)!, options);
        foreach (NaiveProbe.Page page in expected)
        {
            Assert.True(scan.MoveNext());
            Assert.Equal(page.Next, scan.Current.Next);
            Assert.Equal(page.IsFinal, scan.Current.IsFinal);
            Assert.Equal(page.Rows.Length, scan.Current.Rows);
            Assert.Equal(page.Stored != null, scan.Current.IsPassedThrough);
            byte[] payload = scan.Current.Payload.Bytes.ToArray();
            if (page.Stored != null)
            {
                Assert.Equal(page.Stored, payload);
            }

            Assert.Equal(page.Rows.SelectMany(row => row), Body(payload, page.Version, page.Schema, page.Rows.Length));
        }

        Assert.False(scan.MoveNext());
        Assert.Equal(0, source.Leases);
    }

    private static byte[] Body(byte[] payload, byte version, ulong schema, int rows)
    {
        using NativeBuffer expanded = new();
        fixed (byte* bytes = payload)
        {
            ContainerHeader header = PayloadCheck.ReadHeader(payload, payload.Length);
            Assert.Equal((version, schema, (uint)rows), (header.Version, header.SchemaHash, header.Rows));
            byte* body = PayloadCheck.Open(header, bytes, payload.Length, true, long.MaxValue, expanded, out long size);
            return new ReadOnlySpan<byte>(body, (int)size).ToArray();
        }
    }

    /// <summary>Changes bytes of a payload, an index or a set, with and without a checksum that fits: an error or rows, no crash.</summary>
    private static int Mutate(Random random)
    {
        List<NaiveChunk> chain = NaiveChunk.RandomChain(random, ordered: false);
        using ProbeSetBuilder builder = new();
        NaiveProbe naive = NaiveProbe.Random(random, chain, builder);
        byte[] set = ProbeBytes.Finish(builder);
        int mutations = 0;
        foreach (NaiveChunk chunk in chain)
        {
            byte[] index = ProbeBytes.Index(chunk.Payload, 2);
            for (int i = 0; i < 40; i++, mutations++)
            {
                byte[] payload = random.Next(2) == 0 ? Change(random, chunk.Payload) : chunk.Payload;
                byte[] changedIndex = random.Next(2) == 0 ? WithChecksum(random, Change(random, index)) : index;
                byte[] changedSet = random.Next(2) == 0 ? WithChecksum(random, Change(random, set)) : set;
                if (payload.Length >= ContainerHeader.Length && random.Next(2) == 0)
                {
                    ulong checksum = ContainerHeader.Low48(Fnv1a64.Of(payload.AsSpan(ContainerHeader.Length)));
                    BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(26), (ushort)(checksum >> 32));
                    BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(28), (uint)checksum);
                }

                // Who forges an index with a right checksum may hide rows, as who deletes a chunk; without one the rows are those of the bytes.
                bool hasIndex = random.Next(3) > 0;
                Probe(payload, hasIndex ? changedIndex : null, changedSet, random.Next(2) == 0, hasIndex || changedSet != set || !naive.NeedsRows ? null : naive);
            }
        }

        return mutations;
    }

    private static void Probe(byte[] payload, byte[]? index, byte[] set, bool skipDamaged, NaiveProbe? naive)
    {
        if (ProbeSet.TryRead(set) is not ProbeSet read)
        {
            return;
        }

        ProbeOptions options = new() { SkipDamaged = skipDamaged, StrictFragments = skipDamaged, Verify = skipDamaged ? 2 : 1, MaxExpanded = 1 << 20 };
        ListChunkSource source = new([new StoredChunk(1, payload, index)], skipDamaged);
        using ProbeScan scan = new(source, read, options);
        List<byte> body = [];
        try
        {
            while (scan.MoveNext())
            {
                Assert.True(scan.Current.Rows > 0);
                body.AddRange(naive == null ? [] : BodyOf(scan.Current.Payload.Bytes.ToArray()));
            }

            Assert.True(naive == null || (skipDamaged && body.Count == 0) || naive.Rows(payload).SequenceEqual(body));
        }
        catch (DamagedChunkException damage)
        {
            Assert.False(skipDamaged);
            Assert.StartsWith("chunk 1: ", damage.Message, StringComparison.Ordinal);
        }
        catch (ProbeException)
        {
            Assert.True(skipDamaged, "only fragments that are not whole");
        }

        Assert.Equal(0, source.Leases);
    }

    private static byte[] BodyOf(byte[] payload)
    {
        using NativeBuffer expanded = new();
        fixed (byte* bytes = payload)
        {
            ContainerHeader header = PayloadCheck.ReadHeader(payload, payload.Length);
            byte* body = PayloadCheck.Open(header, bytes, payload.Length, false, long.MaxValue, expanded, out long size);
            return new ReadOnlySpan<byte>(body, (int)size).ToArray();
        }
    }

    private static byte[] Change(Random random, byte[] bytes)
    {
        byte[] changed = [.. bytes];
        for (int i = random.Next(1, 4); i > 0 && changed.Length > 0; i--)
        {
            int at = random.Next(changed.Length);
            switch (random.Next(4))
            {
                case 0:
                    changed[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    changed[at] = (byte)random.Next(256);
                    break;
                case 2:
                    changed = changed[..at];
                    break;
                default:
                    changed = [.. changed[..at], (byte)random.Next(256), .. changed[at..]];
                    break;
            }
        }

        return changed;
    }

    private static byte[] WithChecksum(Random random, byte[] bytes)
    {
        if (bytes.Length >= sizeof(ulong) && random.Next(3) > 0)
        {
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(bytes.Length - sizeof(ulong)), Fnv1a64.Of(bytes.AsSpan(0, bytes.Length - sizeof(ulong))));
        }

        return bytes;
    }
}
