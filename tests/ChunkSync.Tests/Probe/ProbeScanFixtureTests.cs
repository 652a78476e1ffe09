using System.Security.Cryptography;
using System.Text.Json;
using ChunkSync.Format;
using ChunkSync.Probe;
using ChunkSync.Sqlite;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Probe;

/// <summary>The driver, the index and the set against the recorded cases, over lists.</summary>
public sealed unsafe class ProbeScanFixtureTests
{
    public ProbeScanFixtureTests()
    {
        // Memory comes from SQLite's allocator, which is there once any connection was registered.
        using Database database = Database.Open();
    }

    [Fact]
    public void Index_is_byte_for_byte_the_recorded_one_on_both_levels()
    {
        using Database database = Database.Open();
        foreach (List<StoredChunk>[] levels in ProbeFixtures.Chains.Values)
        {
            for (int level = 1; level <= 2; level++)
            {
                foreach (StoredChunk chunk in levels[level])
                {
                    Assert.Equal(Convert.ToHexString(chunk.Index!), Convert.ToHexString(MakeIndex(chunk.Payload, level)));
                }
            }
        }
    }

    [Fact]
    public void Rows_begin_and_end_where_recorded()
    {
        foreach (JsonElement line in ProbeFixtures.Lines("chains.jsonl"))
        {
            byte[] payload = Convert.FromHexString(line.GetProperty("payload").GetString()!);
            Assert.Equal(
                line.GetProperty("rows").EnumerateArray().Select(row => (row[0].GetInt64(), row[1].GetInt64())),
                Rows(payload));
        }
    }

    [Fact]
    public void Probe_gives_the_recorded_pages_and_counters_when_run_on_every_level()
    {
        using Database database = Database.Open();
        int cases = 0;
        foreach (JsonElement line in ProbeFixtures.Lines("cases.jsonl"))
        {
            byte[] set = ProbeFixtures.MakeSet(line.GetProperty("probes"));
            Assert.Equal(line.GetProperty("probe_set").GetString(), Convert.ToHexStringLower(set));
            List<StoredChunk>[] levels = ProbeFixtures.Chains[line.GetProperty("chain").GetString()!];
            for (int level = 0; level < levels.Length; level++)
            {
                foreach (bool cheapHeader in Share.Of((bool[])[true, false], parts: 2))
                {
                    Check(line, set, levels[level], level, cheapHeader, cases);
                }
            }

            CheckPaged(line, set, levels[cases % 3]);
            cases++;
        }

        Assert.True(cases > 100);
    }

    [Fact]
    public void Every_cut_opens_the_recorded_number_of_chunks_when_every_interval_is_asked_for()
    {
        using Database database = Database.Open();
        JsonElement tiny = JsonDocument.Parse(File.ReadAllText(Fixtures.File("probe/tiny.json"))).RootElement;
        byte[][] rows = [.. tiny.GetProperty("rows").EnumerateArray().Select(row => Convert.FromHexString(row.GetString()!))];
        Position[] candidates = [.. tiny.GetProperty("candidates").EnumerateArray().Select(p => new Position(p[0].GetInt64(), p[1].GetInt64()))];
        (int From, int To)[] ranges = [.. tiny.GetProperty("ranges").EnumerateArray().Select(p => (p[0].GetInt32(), p[1].GetInt32()))];
        for (int cut = 0; cut < 128; cut++)
        {
            List<StoredChunk> chain = Cut(rows, cut);
            string key = cut.ToString(System.Globalization.CultureInfo.InvariantCulture);
            (string opened, string passed) = Counts(chain, ranges.Select(range => RangeSet(candidates[range.From], candidates[range.To])));
            Assert.Equal(tiny.GetProperty("opened").GetProperty(key).GetString(), opened);
            Assert.Equal(tiny.GetProperty("passed").GetProperty(key).GetString(), passed);
            (opened, _) = Counts(chain, ranges.Select(range => PointSet(candidates[range.From..(range.To + 1)])));
            Assert.Equal(tiny.GetProperty("points_opened").GetProperty(key).GetString(), opened);
        }
    }

    private static byte[] RangeSet(Position from, Position to)
    {
        using ProbeSetBuilder builder = new();
        builder.AddRange(new PositionInterval(from, to));
        return ProbeBytes.Finish(builder);
    }

    private static byte[] PointSet(Position[] points)
    {
        using ProbeSetBuilder builder = new();
        foreach (Position point in points)
        {
            builder.AddPoint(point);
        }

        return ProbeBytes.Finish(builder);
    }

    private static List<StoredChunk> Cut(byte[][] rows, int cut)
    {
        List<StoredChunk> chain = [];
        int first = 0;
        for (int row = 1; row <= rows.Length; row++)
        {
            if (row == rows.Length || ((cut >> (row - 1)) & 1) != 0)
            {
                byte[] payload = MakePayload(rows[first..row], 5);
                chain.Add(new StoredChunk(chain.Count, payload, MakeIndex(payload, 1)));
                first = row;
            }
        }

        return chain;
    }

    private static byte[] MakePayload(byte[][] rows, ulong schema)
    {
        byte[] body = [.. rows.SelectMany(row => row)];
        byte[] payload = new byte[ContainerHeader.Length + body.Length + 64];
        fixed (byte* target = payload, source = body)
        {
            long length = PayloadContainer.Finish(target, source, body.Length, 2, 9, (uint)rows.Length, schema, compress: false);
            return payload[..(int)length];
        }
    }

    private static (string Opened, string Passed) Counts(List<StoredChunk> chain, IEnumerable<byte[]> sets)
    {
        System.Text.StringBuilder opened = new();
        System.Text.StringBuilder passed = new();
        foreach (byte[] set in sets)
        {
            using ProbeScan scan = new(new ListChunkSource(chain), ProbeSet.TryRead(set)!, new ProbeOptions());
            ProbeCounters? counters = null;
            while (scan.MoveNext())
            {
                counters = scan.Current.Counters;
            }

            opened.Append(counters == null ? "-" : counters.Value.Opened.ToString(System.Globalization.CultureInfo.InvariantCulture));
            passed.Append(counters == null ? "-" : counters.Value.Passed.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        return (opened.ToString(), passed.ToString());
    }

    private static byte[] MakeIndex(byte[] payload, int level)
    {
        using PayloadIndexWriter writer = new();
        using NativeBuffer target = new();
        fixed (byte* bytes = payload)
        {
            writer.Write(bytes, payload.Length, level, target);
        }

        return target.Bytes.ToArray();
    }

    private static List<(long, long)> Rows(byte[] payload)
    {
        using NativeBuffer expanded = new();
        List<(long, long)> rows = [];
        fixed (byte* bytes = payload)
        {
            ContainerHeader header = PayloadCheck.ReadHeader(payload, payload.Length);
            byte* body = PayloadCheck.Open(header, bytes, payload.Length, true, long.MaxValue, expanded, out long size);
            ChangeRowWalker row = new(body, size);
            for (uint i = 0; i < header.Rows; i++)
            {
                row.Next();
                rows.Add((row.Offset, row.Length));
            }

            row.CheckEnd();
        }

        return rows;
    }

    private static ProbeOptions Options(JsonElement line) => new()
    {
        MaxSize = line.TryGetProperty("max_chunk_size", out JsonElement size) ? size.GetInt64() : ProbeOptions.DefaultMaxSize,
        Invert = line.TryGetProperty("invert", out JsonElement invert) && invert.GetInt64() != 0,
        StrictFragments = line.TryGetProperty("strict_fragments", out JsonElement strict) && strict.GetInt64() != 0,
        Compress = false,
    };

    private static void Check(JsonElement line, byte[] set, List<StoredChunk> chain, int level, bool cheapHeader, int number)
    {
        ListChunkSource source = new(chain, cheapHeader);
        using ProbeScan scan = new(source, ProbeSet.TryRead(set)!, Options(line));
        if (line.TryGetProperty("error", out JsonElement error))
        {
            ProbeException failure = Assert.Throws<ProbeException>(() => Drain(scan, chain, out _));
            Assert.Contains(error.GetString()!, failure.Message, StringComparison.Ordinal);
            source.Release();
            return;
        }

        List<string> pages = Drain(scan, chain, out byte[] hash);
        Assert.Equal(line.GetProperty("pages").EnumerateArray().Select(page => page.ToString().Replace(" ", "", StringComparison.Ordinal)), pages);
        Assert.Equal(line.GetProperty("sha256").GetString(), Convert.ToHexStringLower(hash));
        if (pages.Count > 0)
        {
            ProbeCounters counters = scan.Current.Counters;
            Assert.Equal(
                $"case {number}: {line.GetProperty("counts")[level].ToString().Replace(" ", "", StringComparison.Ordinal)}",
                $"case {number}: [{counters.Seen},{counters.Opened},{counters.Passed},{counters.BytesRead}]");
            Assert.Equal(line.GetProperty("misses").GetInt64(), scan.Current.Misses);
        }
    }

    /// <summary>LIMIT 1 pages are those of one query.</summary>
    private static void CheckPaged(JsonElement line, byte[] set, List<StoredChunk> chain)
    {
        if (line.TryGetProperty("error", out _))
        {
            return;
        }

        List<string> pages = [];
        (long, long)? resume = null;
        bool final = false;
        while (!final)
        {
            using ProbeScan scan = new(new ListChunkSource(chain), ProbeSet.TryRead(set)!, Options(line) with { Resume = resume });
            if (!scan.MoveNext())
            {
                break;
            }

            pages.Add(Describe(scan.Current));
            resume = scan.Current.Next;
            final = scan.Current.IsFinal;
        }

        Assert.Equal(line.GetProperty("pages").EnumerateArray().Select(page => page.ToString().Replace(" ", "", StringComparison.Ordinal)), pages);
    }

    private static List<string> Drain(ProbeScan scan, List<StoredChunk> chain, out byte[] hash)
    {
        List<string> pages = [];
        using IncrementalHash sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        while (scan.MoveNext())
        {
            ProbePage page = scan.Current;
            pages.Add(Describe(page));
            byte[] payload = page.Payload.Bytes.ToArray();
            if (page.IsPassedThrough)
            {
                Assert.Contains(chain, chunk => chunk.Payload.AsSpan().SequenceEqual(payload));
            }

            using NativeBuffer expanded = new();
            fixed (byte* bytes = payload)
            {
                ContainerHeader header = PayloadCheck.ReadHeader(payload, payload.Length);
                byte* body = PayloadCheck.Open(header, bytes, payload.Length, true, long.MaxValue, expanded, out long size);
                sha.AppendData(new ReadOnlySpan<byte>(body, (int)size));
            }
        }

        hash = sha.GetHashAndReset();
        return pages;
    }

    private static string Describe(ProbePage page)
    {
        ContainerHeader header = ContainerHeader.Read(page.Payload.Bytes);
        (long chunk, long row) = page.Next ?? default;
        return $"[{page.Rows},{(page.IsPassedThrough ? 1 : 0)},{header.Version},{chunk},{row}]";
    }
}
