using System.Text;
using ChunkSync.Format;
using ChunkSync.Probe;

namespace ChunkSync.Tests.Probe;

/// <summary>The definition of a probe, short and slow: all rows of the chain, those that match, packed into pages.</summary>
internal sealed class NaiveProbe
{
    private readonly HashSet<string> tables = [];
    private readonly HashSet<(string, string)> entities = [];
    private readonly HashSet<string> sites = [];
    private readonly HashSet<Position> points = [];
    private readonly List<PositionInterval> ranges = [];
    private bool all;

    /// <summary>Whether chunks have to be opened to tell.</summary>
    public bool NeedsRows => HasWhat || HasWhere || sites.Count > 0;

    private bool HasWhat => tables.Count + entities.Count > 0;

    private bool HasWhere => points.Count + ranges.Count > 0;

    /// <summary>A page: the encoded rows, or the stored payload, and the cursor.</summary>
    internal sealed record Page(byte Version, ulong Schema, byte[][] Rows, byte[]? Stored)
    {
        public (long Chunk, long Row)? Next { get; set; }

        public bool IsFinal { get; set; }
    }

    /// <summary>Random probes about what the chain holds, and about what it does not; the same in both forms.</summary>
    public static NaiveProbe Random(Random random, List<NaiveChunk> chain, ProbeSetBuilder builder)
    {
        NaiveProbe probe = new();
        List<NaiveRow> rows = [.. chain.SelectMany(chunk => chunk.Rows)];
        NaiveRow Any() => rows.Count == 0 ? NaiveChunk.RandomRow(random, random.Next(4)) : rows[random.Next(rows.Count)];
        for (int i = random.Next(7); i > 0; i--)
        {
            NaiveRow row = random.Next(6) == 0 ? NaiveChunk.RandomRow(random, random.Next(4)) : Any();
            switch (random.Next(9))
            {
                case 0:
                    probe.all = true;
                    builder.AddAll();
                    break;
                case 1:
                    probe.tables.Add(Fold(row.Table));
                    builder.AddTable(Encoding.UTF8.GetBytes(row.Table));
                    break;
                case 2 or 3 or 4:
                    probe.entities.Add((Fold(row.Table), Convert.ToHexString(row.Key)));
                    builder.AddEntity(Encoding.UTF8.GetBytes(row.Table.ToUpperInvariant()), row.Key);
                    break;
                case 5:
                    probe.sites.Add(Convert.ToHexString(row.Site));
                    builder.AddSite(row.Site);
                    break;
                case 6 or 7:
                    probe.points.Add(row.Position);
                    builder.AddPoint(row.Position);
                    break;
                default:
                    Position other = random.Next(4) switch { 0 => Position.First, 1 => Position.Last, _ => Any().Position };
                    PositionInterval range = other <= row.Position ? new(other, row.Position) : new(row.Position, other);
                    probe.ranges.Add(range);
                    builder.AddRange(range);
                    break;
            }
        }

        return probe;
    }

    public bool Matches(NaiveRow row)
    {
        if (!NeedsRows)
        {
            return all;
        }

        return (!HasWhat || tables.Contains(Fold(row.Table)) || entities.Contains((Fold(row.Table), Convert.ToHexString(row.Key))))
            && (sites.Count == 0 || sites.Contains(Convert.ToHexString(row.Site)))
            && (!HasWhere || points.Contains(row.Position) || ranges.Exists(range => range.Contains(row.Position)));
    }

    /// <summary>The encoded rows of any payload that match, read with the general reader; those of a body that cannot be read are not asked for.</summary>
    public unsafe List<byte> Rows(byte[] payload)
    {
        ContainerHeader header = ContainerHeader.Read(payload);
        byte[] body = new byte[header.ExpandedSize + 1];
        byte[] stored = header.ExpandedSize == 0 ? payload[ContainerHeader.Length..] : body;
        List<byte> found = [];
        fixed (byte* source = payload, target = body, rows = stored.Length == 0 ? body : stored)
        {
            if (header.ExpandedSize > 0)
            {
                _ = Lz4.Decompress(source + ContainerHeader.Length, payload.Length - ContainerHeader.Length, target, (int)header.ExpandedSize);
            }

            ValueReader reader = new(rows, header.ExpandedSize == 0 ? stored.Length : header.ExpandedSize);
            for (uint i = 0; i < header.Rows; i++)
            {
                int start = (int)reader.Offset;
                WireValue[] values = new WireValue[ChangeRowCodec.Columns];
                for (int column = 0; column < values.Length; column++)
                {
                    Assert.True(reader.TryRead(out values[column]), "a row that cannot be read was taken for one");
                }

                byte[] Bytes(int column) => new ReadOnlySpan<byte>(values[column].Data, (int)values[column].Length).ToArray();
                byte[] encoded = stored[start..(int)reader.Offset];
                NaiveRow row = new(Encoding.Latin1.GetString(Bytes(0)), Bytes(1), new Position(values[5].Integer, values[8].Integer), Bytes(6), encoded);
                found.AddRange(Matches(row) ? row.Encoded : []);
            }
        }

        return found;
    }

    /// <summary>All pages from a cursor on.</summary>
    public List<Page> Pages(List<NaiveChunk> chain, (long Chunk, long Row)? resume, long maxSize, bool invert)
    {
        List<Page> pages = [];
        List<byte[]> staged = [];
        NaiveChunk? group = null;
        long used = ContainerHeader.Length;
        void Seal()
        {
            if (staged.Count > 0)
            {
                pages.Add(new Page(group!.Version, group.Schema, [.. staged], null));
                staged.Clear();
                used = ContainerHeader.Length;
            }
        }

        void Finish((long, long) next)
        {
            if (pages.Count > 0 && pages[^1].Next == null)
            {
                pages[^1].Next = next;
            }
        }

        foreach (NaiveChunk chunk in chain.Where(chunk => resume == null || chunk.Ordinal >= resume.Value.Chunk))
        {
            int start = resume?.Chunk == chunk.Ordinal ? (int)resume.Value.Row : 0;
            List<int> hits = [.. Enumerable.Range(start, chunk.Rows.Count - start).Where(i => Matches(chunk.Rows[i]) != invert)];
            if (hits.Count > 0 && hits.Count == chunk.Rows.Count && chunk.BodySize + ContainerHeader.Length <= maxSize)
            {
                Seal();
                Finish((chunk.Ordinal, 0));
                pages.Add(new Page(chunk.Version, chunk.Schema, [.. chunk.Rows.Select(row => row.Encoded)], chunk.Payload));
                continue;
            }

            foreach (int i in hits)
            {
                byte[] row = chunk.Rows[i].Encoded;
                if (staged.Count > 0 && (group!.Version != chunk.Version || group.Schema != chunk.Schema || used + row.Length > maxSize))
                {
                    Seal();
                }

                Finish((chunk.Ordinal, i));
                group = chunk;
                staged.Add(row);
                used += row.Length;
            }
        }

        Seal();
        if (pages.Count > 0)
        {
            pages[^1].Next = (chain[^1].Ordinal + 1, 0);
            pages[^1].IsFinal = true;
        }

        return pages;
    }

    /// <summary>ASCII letters in lower case.</summary>
    private static string Fold(string name) =>
        string.Create(name.Length, name, static (target, source) =>
        {
            for (int i = 0; i < target.Length; i++)
            {
                target[i] = char.IsAsciiLetterUpper(source[i]) ? (char)(source[i] | 0x20) : source[i];
            }
        });
}
