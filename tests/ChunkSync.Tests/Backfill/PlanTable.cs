using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Backfill;

/// <summary>200,000 rows for what plans cost: tenants as Zipf has them, one value in 99 % of the rows, times, names, rows of uneven weight.</summary>
public sealed class PlanTable : IDisposable
{
    public const long Rows = 200_000;

    private readonly IDisposable pause;

    public PlanTable()
    {
        Database = Database.Open();
        pause = Database.PauseChecks();
        Database.Exec("BEGIN; CREATE TABLE t(id INTEGER PRIMARY KEY, tenant INT, hot INT, at TEXT, name TEXT, body BLOB);"
            + $"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {Rows}), h(i, x) AS (SELECT i, (i * 2654435761) % 4294967296 FROM n)"
            + " INSERT INTO t SELECT i, 1000000 / (1 + x % 1000000), CASE WHEN x % 100 = 0 THEN x % 7000 ELSE 3500 END,"
            + " datetime(1600000000 + x % 90000000, 'unixepoch'), printf('%08x', x), zeroblob(x % 30) FROM h;"
            + "CREATE INDEX t_tenant ON t(tenant); CREATE INDEX t_hot ON t(hot, name); CREATE INDEX t_at ON t(at); CREATE INDEX t_name ON t(name); COMMIT");
    }

    public Database Database { get; }

    /// <summary>The rows per chunk of a plan.</summary>
    public List<long> RowsOf(string inputs) => Numbers("rows", inputs);

    /// <summary>One column of a plan.</summary>
    public List<long> Numbers(string column, string inputs) =>
        [.. Database.Query($"SELECT {column} FROM cloudsync_backfill_plan WHERE tbl = 't' AND {inputs}").Select(row => (long)row[0]!)];

    /// <summary>The steps of a whole plan.</summary>
    public long StepsOf(string inputs, string limit = "") =>
        StatementMeter.StepsOf(Database, $"SELECT rows FROM cloudsync_backfill_plan WHERE tbl = 't' AND {inputs}{limit}");

    public void Dispose()
    {
        pause.Dispose();
        Database.Dispose();
    }
}
