using System.Globalization;

namespace ChunkSync.Bench.Worker;

/// <summary>One plan that is measured, beside a plain statement that does the least that it has to do.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Inputs">The inputs; {0} is the number of chunks, {1} the rows of a chunk, {2} its bytes.</param>
/// <param name="Floor">The statement; {0} is the number of rows but one.</param>
internal sealed record BackfillCase(string Name, string Inputs, string Floor)
{
    private const string Weight = "8 + 8 + 8 + 8 + length(CAST(at AS BLOB)) + length(CAST(name AS BLOB)) + length(CAST(body AS BLOB))";
    private const string Sum = "SELECT sum(" + Weight + ") FROM t NOT INDEXED";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<BackfillCase> All { get; } =
    [
        new("rows, storage order", "chunks = {0}", Offset("id", "NOT INDEXED")),
        new("rows, uniform", "chunks = {0} AND order_by = 't_name'", Offset("name, id", "INDEXED BY t_name")),
        new("rows, Zipf", "chunks = {0} AND order_by = 't_tenant'", Offset("tenant, id", "INDEXED BY t_tenant")),
        new("rows, 80 % one key", "chunks = {0} AND order_by = 't_hot'", Offset("hot, id", "INDEXED BY t_hot")),
        new("bytes", "target_bytes = {2}", Sum),
        new("bytes, even", "target_bytes = {2} AND balance = 'even'", Sum),
        new("temporal", "target_rows = {1} AND strategy = 'temporal' AND order_by = 't_at'", Offset("at, id", "INDEXED BY t_at")),
        new("prefix", "target_rows = {1} AND strategy = 'prefix' AND order_by = 't_name'", Offset("name, id", "INDEXED BY t_name")),
        new("width", "target_rows = {1} AND strategy = 'width' AND order_by = 't_tenant'", Offset("tenant, id", "INDEXED BY t_tenant")),
        new("sample, Zipf", "target_rows = {1} AND mode = 'sample' AND order_by = 't_tenant'", Offset("tenant, id", "INDEXED BY t_tenant")),
    ];

    /// <summary>The statements that make the table.</summary>
    public static string Schema(long rows) => string.Create(CultureInfo.InvariantCulture, $"""
        PRAGMA cache_size = -400000;
        BEGIN;
        CREATE TABLE t(id INTEGER PRIMARY KEY, tenant INT, hot INT, at TEXT, name TEXT, body BLOB);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}), h(i, x) AS (SELECT i, (i * 2654435761) % 4294967296 FROM n)
        INSERT INTO t SELECT i, 1000000 / (1 + x % 1000000), CASE WHEN x % 5 = 0 THEN x % 7000 ELSE 3500 END,
        datetime(1600000000 + x % 90000000, 'unixepoch'), printf('%08x', x), zeroblob(CASE WHEN x % 100 = 0 THEN 300 ELSE x % 30 END) FROM h;
        CREATE INDEX t_tenant ON t(tenant);
        CREATE INDEX t_hot ON t(hot);
        CREATE INDEX t_at ON t(at);
        CREATE INDEX t_name ON t(name);
        COMMIT
        """);

    /// <summary>The inputs of a plan of so many chunks.</summary>
    public string InputsOf(BenchDatabase database, long chunks)
    {
        long rows = database.Scalar("SELECT count(*) FROM t");
        long bytes = Inputs.Contains("{2}", StringComparison.Ordinal) ? database.Scalar(Sum) : 0;
        return "tbl = 't' AND " + string.Format(CultureInfo.InvariantCulture, Inputs, chunks, rows / chunks, bytes / chunks);
    }

    private static string Offset(string key, string source) => $"SELECT {key} FROM t {source} ORDER BY {key} LIMIT 1 OFFSET {{0}}";
}
