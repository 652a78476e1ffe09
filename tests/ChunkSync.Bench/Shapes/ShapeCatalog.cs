using System.Globalization;
using ChunkSync.Bench.Worker;

namespace ChunkSync.Bench.Shapes;

/// <summary>The histories that are measured.</summary>
internal static unsafe class ShapeCatalog
{
    /// <summary>The chunk size that both engines use when none is set.</summary>
    public const long DefaultChunk = 5_242_880;

    /// <summary>The smallest chunk size: the most pages.</summary>
    public const long SmallChunk = 262_144;

    /// <summary>The key of the shape that is no history, but text for the two LZ4 codecs alone.</summary>
    public const string Codec = "codec";

    /// <summary>The key of the shape whose chunks are stored and probed.</summary>
    public const string Probe = "probe";

    /// <summary>The key of the shape that is cut into pieces, and filled in slices.</summary>
    public const string Backfill = "backfill";

    /// <summary>The key of the shape whose changes are refused.</summary>
    public const string Waiting = "waiting";

    /// <summary>The key of the shape that is a tree.</summary>
    public const string Tree = "tree";

    /// <summary>The key of the shape that reads, plans and applies other ones through ChunkSync.Client.</summary>
    public const string Client = "client";

    /// <summary>The keys of the shapes whose changes all share one position, and of the one that is four times as large.</summary>
    public const string OnePosition = "s", OnePosition4 = "s4";

    private static readonly string[] Narrow = ["a", "b", "c", "d"];

    /// <summary>The shape of that key.</summary>
    /// <param name="key">The key, for example <c>a</c> or <c>d16</c>.</param>
    public static Shape Find(string key) => All.FirstOrDefault(shape => shape.Key == key)
        ?? throw new ArgumentException($"no shape {key}; there are {string.Join(", ", All.Select(shape => shape.Key))}");

    /// <summary>All shapes.</summary>
    public static IReadOnlyList<Shape> All { get; } =
    [
        One("a", "100,000 rows × 4 narrow columns, one transaction", NarrowTable("t"), [NarrowRows("t", 0, 100_000, 100_000)]),
        One("a2", "the same, 200,000 rows", NarrowTable("t"), [NarrowRows("t", 0, 200_000, 200_000)]),
        One("a4", "the same, 400,000 rows", NarrowTable("t"), [NarrowRows("t", 0, 400_000, 400_000)]),
        One("b1", "3,000 rows × 8 kB, one per transaction", WideTable("t"), [WideRows("t", 3000, 8192, 1)]),
        One("b2", "3,000 rows × 8 kB, one transaction", WideTable("t"), [WideRows("t", 3000, 8192, 3000)]),
        One("c", "12,000 rows × 2 kB, one transaction", WideTable("t"), [WideRows("t", 12_000, 2048, 12_000)]),
        Large(4),
        Large(16),
        Large(64),
        Tables("e", "50 tables × 2,000 rows, transactions of 100 rows", 50, 2000),
        One("f", "250,000 rows × 4 narrow columns = 1,000,000 changes, ten transactions", NarrowTable("t"), [NarrowRows("t", 0, 250_000, 25_000)]),
        DocumentationShape.Make("g"),
        One("h", "(a), then 10 % updated and 10 % deleted", NarrowTable("t"),
        [
            NarrowRows("t", 0, 100_000, 100_000),
            new FillStep("UPDATE t SET b = ?2 WHERE id = ?1", 0, 10_000, 10_000, BindUpdate),
            new FillStep("DELETE FROM t WHERE id = ?1", 0, 10_000, 10_000, BindDelete),
        ]),
        One("i", "(a), then one column of every row updated", NarrowTable("t"),
            [NarrowRows("t", 0, 100_000, 100_000), new FillStep("UPDATE t SET b = ?2 WHERE id = ?1", 0, 100_000, 100_000, BindUpdateOne)]),
        One("j", "(a), then all columns of every row updated", NarrowTable("t"),
            [NarrowRows("t", 0, 100_000, 100_000), new FillStep("UPDATE t SET a = a + 1, b = ?2, c = c + 1, d = ?2 WHERE id = ?1", 0, 100_000, 100_000, BindUpdateOne)]),
        One("k", "(a), then every row deleted", NarrowTable("t"),
            [NarrowRows("t", 0, 100_000, 100_000), new FillStep("DELETE FROM t WHERE id = ?1", 0, 100_000, 100_000, BindKey)]),
        One("l", "20,000 rows × 4 narrow columns, one per transaction", NarrowTable("t"), [NarrowRows("t", 0, 20_000, 1)]),
        Tables("m", "320 tables × 100 rows, transactions of 100 rows", 320, 100),
        One("r", "100,000 rows × 4 narrow columns with keys in no order, one transaction", NarrowTable("t"),
            [new FillStep(NarrowTable("t").InsertSql, 0, 100_000, 100_000, BindScattered)]),
        Shared(OnePosition, 16_000),
        Shared(OnePosition4, 64_000),
        new Shape(Probe, "60,000 rows × 4 narrow columns in 60 transactions, their chunks of 256 KiB stored and probed", [NarrowTable("t")],
            [NarrowRows("t", 0, 60_000, 1000)], [SmallChunk]),
        new Shape(Backfill, "100,000, 1,000,000 and 3,000,000 rows cut into 10, 100 and 1,000 chunks; 60,000 and 1,000,000 rows filled", [], [], []),
        new Shape(Waiting, "10,000 rows that are refused and land, change values among each other, or wait beside others; findings of 1,000,000 clocks", [], [], []),
        new Shape(Tree, "operations that come late into logs of 5,000, 50,000, 500,000 and 1,000,000", [], [], []),
        new Shape(Client, "a, b2 and d64 through ChunkSync.Client, beside bare SQL through the same provider", [], [], []),
        new Shape(Codec, "the same documentation, compressed and decompressed in blocks by both LZ4 codecs", [], [], [SmallChunk, DefaultChunk]),
    ];

    private static Shape One(string key, string title, TableShape table, FillStep[] steps) => new(key, title, [table], steps, [SmallChunk, DefaultChunk]);

    private static Shape Shared(string key, int rows) => new(
        key, string.Create(CultureInfo.InvariantCulture, $"{rows:N0} rows × 4 narrow columns whose changes share one position"), [NarrowTable("t")],
        [NarrowRows("t", 0, rows, rows), new FillStep("UPDATE t_cloudsync SET seq = 0", 0, 1, 1, (_, _) => { })], [SmallChunk]);

    private static TableShape NarrowTable(string name) => new(name, Narrow);

    private static TableShape WideTable(string name) => new(name, ["body", "n"]);

    private static Shape Large(int megabytes) => new(
        "d" + megabytes.ToString(CultureInfo.InvariantCulture), $"one value of {megabytes} MiB", [WideTable("t")],
        [WideRows("t", 1, megabytes << 20, 1)], [SmallChunk, 1_048_576, DefaultChunk]);

    private static Shape Tables(string key, string title, int count, int rows)
    {
        TableShape[] tables = [.. Enumerable.Range(0, count).Select(i => NarrowTable("t" + i.ToString(CultureInfo.InvariantCulture)))];
        FillStep[] steps = [.. Enumerable.Range(0, rows / 100).SelectMany(round => tables.Select(table => NarrowRows(table.Name, round * 100, 100, 100)))];
        return new Shape(key, title, tables, steps, [SmallChunk, DefaultChunk]);
    }

    private static FillStep NarrowRows(string table, int first, int count, int perTransaction) =>
        new(NarrowTable(table).InsertSql, first, count, perTransaction, BindNarrow);

    private static FillStep WideRows(string table, int count, int bytes, int perTransaction) => new(
        WideTable(table).InsertSql, 0, count, perTransaction, (statement, row) =>
        {
            BindKey(statement, row);
            statement.BindText(2, Corpus.Slice(row, bytes), bytes).Bind(3, row);
        });

    private static void BindNarrow(BenchStatement statement, int row)
    {
        BindKey(statement, row);
        statement.Bind(2, row).BindText(3, Corpus.Slice(row, 8), 8).Bind(4, 2L * row).BindText(5, Corpus.Scratch, 1);
    }

    private static void BindUpdate(BenchStatement statement, int row)
    {
        BindKey(statement, row * 10);
        statement.BindText(2, Corpus.Slice(row, 9), 9);
    }

    private static void BindUpdateOne(BenchStatement statement, int row)
    {
        BindKey(statement, row);
        statement.BindText(2, Corpus.Slice(row, 9), 9);
    }

    /// <summary>The same rows with other keys: multiplied by a number without a common divisor with theirs.</summary>
    private static void BindScattered(BenchStatement statement, int row)
    {
        BindNarrow(statement, row);
        BindKey(statement, (int)(row * 48_271L % 100_003));
    }

    private static void BindDelete(BenchStatement statement, int row) => BindKey(statement, (row * 10) + 5);

    private static void BindKey(BenchStatement statement, int row)
    {
        Corpus.Key(row, Corpus.Scratch);
        statement.BindText(1, Corpus.Scratch, 9);
    }
}
