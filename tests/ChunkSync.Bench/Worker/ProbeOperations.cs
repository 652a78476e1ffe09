using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using ChunkSync.Format;
using ChunkSync.Probe;

namespace ChunkSync.Bench.Worker;

/// <summary>Probes over stored chunks (the shape <see cref="Shapes.ShapeCatalog.Probe"/>), and what they cannot cost less than: reading the blobs,
/// checksum, LZ4 and a walk over the rows. Every operation runs once to be warm, then it is measured. Everything lies in the page cache and is
/// work of one thread: times are processor times, which other processes disturb less.</summary>
internal static unsafe class ProbeOperations
{
    /// <summary>Changes of one row of the shape: four columns.</summary>
    public const int ChangesPerEntity = 4;

    /// <summary>Chunks of the chain for single positions.</summary>
    public const int ManyChunks = 100_000;

    private const int LongRepeats = 10;
    private const int ShortChunks = 20_000;
    private const int RepeatsOfSmall = 20;

    /// <summary>How one variant is measured.</summary>
    /// <param name="Sql">The statement; ?1 is the probe set.</param>
    /// <param name="Set">Makes the probe set; null when there is none.</param>
    /// <param name="Repeats">How often it runs in one measurement.</param>
    private sealed record Plan(string Sql, string? Set = null, int Repeats = 1);

    private static readonly Dictionary<string, Plan> Plans = new()
    {
        ["blobs"] = new("SELECT payload FROM plain", Repeats: RepeatsOfSmall),
        ["rows"] = new("SELECT r.tbl, r.pk, r.col_name, r.col_value, r.col_version, r.db_version, r.site_id, r.cl, r.seq FROM plain AS s, cloudsync_payload_rows(s.payload) AS r"),
        ["open range"] = new(Probe("plain"), "SELECT cloudsync_probe_set('range', NULL, NULL, NULL, NULL)"),
        ["open range, level 1"] = new(Probe("light"), "SELECT cloudsync_probe_set('range', NULL, NULL, NULL, NULL)", RepeatsOfSmall),
        ["open range, level 2"] = new(Probe("staged"), "SELECT cloudsync_probe_set('range', NULL, NULL, NULL, NULL)", RepeatsOfSmall),
        ["everything"] = new(Probe("plain"), "SELECT cloudsync_probe_set('all')", RepeatsOfSmall),
        ["walk all"] = new(Probe("plain"), "SELECT cloudsync_probe_set('site', x'00')"),
        ["points, no chunk"] = new(Probe("none"), "SELECT cloudsync_probe_set('position', db_version, seq, NULL) FROM cloudsync_changes"),
        ["points"] = new(Probe("plain"), "SELECT cloudsync_probe_set('position', db_version, seq, NULL) FROM cloudsync_changes"),
        ["spread"] = new(Probe("plain"), Entities("rowid % 100 = 7")),
        ["together"] = new(Probe("staged"), Entities("rowid BETWEEN 30001 AND 30600"), RepeatsOfSmall),
        ["one entity"] = new(Probe("staged"), Entities("rowid = 30001"), RepeatsOfSmall),
        ["one entity, inverted"] = new(Probe("staged") + " AND invert = 1", Entities("rowid = 30001"), RepeatsOfSmall),
        ["skip short"] = new(Probe("short"), "SELECT cloudsync_probe_set('table', 'none')"),
        ["skip long"] = new(Probe("long"), "SELECT cloudsync_probe_set('table', 'none')", RepeatsOfSmall),
        ["position"] = new(Probe("many") + " AND chain_order = 'position'", PositionAt("2 * 99000"), RepeatsOfSmall),
        ["early page"] = new(Page(10), "SELECT cloudsync_probe_set('table', 't')", RepeatsOfSmall),
        ["late page"] = new(Page(ManyChunks - 100), "SELECT cloudsync_probe_set('table', 't')", RepeatsOfSmall),
        ["million probes"] = new(
            Probe("plain") + " AND max_chunk_size = 262144",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)"
            + " SELECT cloudsync_probe_set('entity', 't', cloudsync_pk_encode('k' || printf('%08d', i * 3))) FROM n"),
        ["small pages"] = new(Probe("plain") + " AND max_chunk_size = 262144", Entities("rowid % 2 = 0")),
        ["index 1"] = new("SELECT cloudsync_payload_index(payload, 1) FROM plain"),
        ["index 2"] = new("SELECT cloudsync_payload_index(payload, 2) FROM plain"),
    };

    /// <summary>Names of the variants that run SQL.</summary>
    public static IEnumerable<string> Variants => Plans.Keys;

    /// <summary>Puts the chunks of a filled database into tables: without index, with it, many small ones, few long ones.</summary>
    public static Measurement Stage(Request request, string? library)
    {
        using BenchDatabase database = new(request.Path, library);
        string table = "(chunk_index INTEGER PRIMARY KEY, payload_index BLOB, payload BLOB NOT NULL)";
        database.Exec("CREATE TABLE plain(chunk_index INTEGER PRIMARY KEY, payload BLOB NOT NULL)");
        foreach (string name in (string[])["light", "staged", "long", "short", "many", "none"])
        {
            database.Exec($"CREATE TABLE {name}{table}");
        }

        database.Exec(string.Create(CultureInfo.InvariantCulture, $"""
            BEGIN;
            INSERT INTO plain SELECT chunk_index, payload FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_chunk_size = {request.ChunkSize};
            INSERT INTO light SELECT chunk_index, cloudsync_payload_index(payload, 1), payload FROM plain;
            INSERT INTO staged SELECT chunk_index, cloudsync_payload_index(payload, 2), payload FROM plain;
            WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {LongRepeats - 1})
            INSERT INTO long SELECT 1000 * i + chunk_index, cloudsync_payload_index(payload, 1), payload FROM n, plain;
            INSERT INTO many SELECT n, cloudsync_payload_index(p, 1), p FROM (SELECT row_number() OVER (ORDER BY db_version, seq) AS n, p FROM
              (SELECT min(db_version) AS db_version, min(seq) AS seq, cloudsync_payload_encode(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq) AS p
              FROM cloudsync_changes GROUP BY db_version, seq / 2)) WHERE n <= {ManyChunks};
            INSERT INTO short SELECT * FROM many WHERE chunk_index <= {ShortChunks};
            COMMIT;
            """));
        return new Measurement
        {
            Rows = database.Scalar("SELECT count(*) FROM plain"),
            Chunks = database.Scalar("SELECT count(*) FROM many"),
            Bytes = database.Scalar("SELECT sum(length(payload)) FROM plain"),
        };
    }

    /// <summary>Runs one variant. Rows are those that come out, bytes those of the first column, chunks those looked at or opened.</summary>
    public static Measurement Run(Request request, string? library)
    {
        Plan plan = Plans[request.Variant];
        using BenchDatabase database = new(request.Path, library);
        byte[] set = plan.Set == null ? [] : Set(database, plan.Set);
        fixed (byte* bytes = set)
        {
            // The statement goes with each run, so that its own memory is a part of the peak.
            _ = Read(database, plan, bytes, set.Length);
            Meter meter = new();
            Measurement found = Read(database, plan, bytes, set.Length);
            for (int i = 1; i < plan.Repeats; i++)
            {
                _ = Read(database, plan, bytes, set.Length);
            }

            Measurement taken = meter.Stop();
            return taken with
            {
                Milliseconds = taken.ProcessorMilliseconds / plan.Repeats,
                ProcessorMilliseconds = taken.ProcessorMilliseconds / plan.Repeats,
                ManagedBytes = taken.ManagedBytes / plan.Repeats,
                Rows = found.Rows,
                Bytes = found.Bytes,
                Chunks = found.Chunks,
                SetBytes = set.Length,
            };
        }
    }

    /// <summary>What probes are made of, on every chunk of <c>plain</c>: "checksum", "decode", "walk", "copy".</summary>
    public static Measurement Part(Request request, string? library)
    {
        using BenchDatabase database = new(request.Path, library);
        List<byte[]> payloads = [];
        using (BenchStatement scan = database.Prepare("SELECT payload FROM plain"))
        {
            while (scan.Step())
            {
                payloads.Add(scan.Blob(0).ToArray());
            }
        }

        List<nint> bodies = [.. payloads.Select(Expand)];
        byte* target = (byte*)NativeMemory.Alloc((nuint)payloads.Max(payload => ContainerHeader.Read(payload).ExpandedSize) + 64);
        Measurement result = new();
        for (int run = 0; run < 2; run++)
        {
            Meter meter = new();
            long sum = 0;
            for (int i = 0; i < payloads.Count; i++)
            {
                sum += Part(request.Variant, payloads[i], (byte*)bodies[i], target);
            }

            result = meter.Stop();
            result = result with { Milliseconds = result.ProcessorMilliseconds, Rows = sum };
        }

        bodies.ForEach(body => NativeMemory.Free((void*)body));
        NativeMemory.Free(target);
        return result;
    }

    /// <summary>Does one part of the work on one chunk; returns its rows.</summary>
    private static long Part(string part, byte[] payload, byte* body, byte* target)
    {
        ContainerHeader header = ContainerHeader.Read(payload);
        fixed (byte* stored = payload)
        {
            switch (part)
            {
                case "checksum":
                    PayloadCheck.Checksum(header, stored, payload.Length);
                    break;
                case "decode":
                    _ = Lz4.Decompress(stored + ContainerHeader.Length, payload.Length - ContainerHeader.Length, target, (int)header.ExpandedSize);
                    break;
                case "copy":
                    Buffer.MemoryCopy(stored, target, header.ExpandedSize, Math.Min(payload.Length, header.ExpandedSize));
                    break;
                default:
                    ChangeRowWalker row = new(body, header.ExpandedSize);
                    for (uint i = 0; i < header.Rows; i++)
                    {
                        row.Next();
                    }

                    row.CheckEnd();
                    break;
            }
        }

        return header.Rows;
    }

    private static nint Expand(byte[] payload)
    {
        ContainerHeader header = ContainerHeader.Read(payload);
        byte* body = (byte*)NativeMemory.Alloc(header.ExpandedSize);
        fixed (byte* stored = payload)
        {
            Debug.Assert(header.ExpandedSize > 0, "chunks of this size are compressed");
            _ = Lz4.Decompress(stored + ContainerHeader.Length, payload.Length - ContainerHeader.Length, body, (int)header.ExpandedSize);
        }

        return (nint)body;
    }

    private static Measurement Read(BenchDatabase database, Plan plan, byte* set, int setLength)
    {
        using BenchStatement statement = database.Prepare(plan.Sql);
        if (plan.Set != null)
        {
            statement.BindBlob(1, set, setLength);
        }

        bool isProbe = plan.Sql.Contains("chunks_seen", StringComparison.Ordinal);
        long rows = 0;
        long bytes = 0;
        long seen = 0;
        long opened = 0;
        while (statement.Step())
        {
            bytes += statement.Blob(0).Length;
            rows += isProbe ? statement.Int64(1) : 1;
            seen = isProbe ? statement.Int64(2) : 0;
            opened = isProbe ? statement.Int64(3) : 0;
        }

        return new Measurement { Rows = rows, Bytes = bytes, Chunks = plan.Sql.Contains("'position'", StringComparison.Ordinal) ? seen : opened };
    }

    private static byte[] Set(BenchDatabase database, string sql)
    {
        using BenchStatement statement = database.Prepare(sql);
        return statement.Step() ? statement.Blob(0).ToArray() : throw database.Failure();
    }

    private static string Probe(string source) =>
        $"SELECT payload, rows, chunks_seen, chunks_opened FROM cloudsync_payload_probe WHERE source = '{source}' AND probes = ?1";

    private static string Page(int chunk) =>
        Probe("many") + string.Create(CultureInfo.InvariantCulture, $" AND resume_chunk_index = {chunk} AND resume_row = 0 AND max_chunk_size = 2000 LIMIT 1");

    private static string Entities(string where) =>
        $"SELECT cloudsync_probe_set('entity', 't', cloudsync_pk_encode(id)) FROM t WHERE {where}";

    private static string PositionAt(string offset) =>
        $"SELECT cloudsync_probe_set('position', db_version, seq, NULL) FROM (SELECT db_version, seq FROM cloudsync_changes ORDER BY 1, 2 LIMIT 1 OFFSET {offset})";
}
