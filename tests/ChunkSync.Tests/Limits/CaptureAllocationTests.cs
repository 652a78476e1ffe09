using System.Buffers.Text;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Limits;

/// <summary>Capture takes no managed memory per row: a phone that imports a million rows must not collect garbage meanwhile.</summary>
public class CaptureAllocationTests(ITestOutputHelper output)
{
    private const string Schema = """
        CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a INTEGER, b TEXT, c BLOB, d REAL);
        CREATE TABLE n(x INTEGER NOT NULL, y BLOB NOT NULL, v, PRIMARY KEY(x, y)) WITHOUT ROWID;
        CREATE TABLE k(id INTEGER PRIMARY KEY NOT NULL);
        CREATE TABLE u(id TEXT PRIMARY KEY NOT NULL, a INTEGER UNIQUE, b TEXT COLLATE NOCASE UNIQUE);
        CREATE TABLE e(id PRIMARY KEY NOT NULL, a);
        SELECT cloudsync_init('t'); SELECT cloudsync_init('n'); SELECT cloudsync_init('k', 'cls', 1); SELECT cloudsync_init('u');
        SELECT cloudsync_init('e');
        """;

    private const string InsertT = "INSERT INTO t VALUES (?1, ?2, 'text', x'0102', 1.5)";
    private const string InsertN = "INSERT INTO n VALUES (?2, CAST(?1 AS BLOB), ?1)";
    private const string InsertU = "INSERT INTO u VALUES (?1, ?2, 'text' || ?2)";
    private const string InsertE = "INSERT INTO e VALUES (?2, ?1)";
    private const string InsertK = "INSERT INTO k VALUES (?2 + (?1 = ''))";

    /// <summary>Every way to write a row; ?1 is the key as text, ?2 as number.</summary>
    public static TheoryData<string, string[]> Writes => new()
    {
        { InsertT, [] },
        { "INSERT OR REPLACE INTO t VALUES (?1, ?2, 'other', NULL, 2.5)", [InsertT] },
        { "UPDATE t SET a = a + 1, b = 'changed', c = zeroblob(300) WHERE id = ?1 AND ?2 >= 0", [InsertT] },
        { "UPDATE t SET id = 'moved' || ?1 WHERE id = ?1 AND ?2 >= 0", [InsertT] },
        { "DELETE FROM t WHERE id = ?1 AND ?2 >= 0", [InsertT] },
        {
            "INSERT INTO t VALUES (?1, ?2, 'again', NULL, NULL)",
            [InsertT, "DELETE FROM t WHERE id = ?1 AND ?2 >= 0"]
        },
        { InsertN, [] },
        { "UPDATE n SET v = 1 WHERE x = ?2 AND ?1 <> ''", [InsertN] },
        { "DELETE FROM n WHERE x = ?2 AND ?1 <> ''", [InsertN] },
        { InsertK, [] },
        { InsertU, [] },
        { "UPDATE u SET a = a + 1000000 WHERE id = ?1 AND ?2 >= 0", [InsertU] },
        { "INSERT OR REPLACE INTO u VALUES ('other' || ?1, ?2, ?1)", [InsertU] },
        { "INSERT OR IGNORE INTO u VALUES ('other' || ?1, ?2, ?1)", [InsertU] },
        { "UPDATE OR REPLACE u SET a = ?2 - 1 WHERE id = ?1", [InsertU] },
        { InsertE, [] },
        { "INSERT OR REPLACE INTO e VALUES (CAST(?2 AS REAL), ?1)", [InsertE] },
        { "UPDATE e SET id = CAST(?2 AS REAL) WHERE id = ?2 AND ?1 <> ''", [InsertE] },
        { "INSERT INTO e VALUES (CAST(?2 AS REAL), ?1)", [InsertE, "DELETE FROM e WHERE id = ?2 AND ?1 <> ''"] },
        { "DELETE FROM k WHERE id = ?2 AND ?1 <> ''", [InsertK] },
    };

    [Theory]
    [MemberData(nameof(Writes))]
    public void Capture_allocates_nothing_per_row_when_rows_are_written_in_one_transaction_or_each_in_its_own(string sql, string[] before)
    {
        foreach (bool together in Share.Of((bool[])[false, true], parts: 2))
        {
            output.WriteLine($"{sql}, {(together ? "together" : "apart")}: "
                + Allocations.AssertNonePerRow(rows => Measure(sql, before, rows, together), 1000));
        }
    }

    private static long Measure(string sql, string[] before, int rows, bool together)
    {
        using Database database = Database.Open();
        database.Exec(Schema);
        foreach (string first in before)
        {
            database.Exec("BEGIN");
            using BoundStatement statement = new(database, first);
            Run(statement, 0, rows + 200);
            database.Exec("COMMIT");
        }

        using BoundStatement measured = new(database, sql);
        Run(measured, rows, rows + 200);
        database.Exec(together ? "BEGIN" : "SELECT 1");
        long start = GC.GetAllocatedBytesForCurrentThread();
        Run(measured, 0, rows);
        long bytes = GC.GetAllocatedBytesForCurrentThread() - start;
        database.Exec(together ? "COMMIT" : "SELECT 1");
        Assert.True((long)database.Scalar("SELECT (SELECT count(*) FROM t_cloudsync) + (SELECT count(*) FROM n_cloudsync)"
            + " + (SELECT count(*) FROM k_cloudsync) + (SELECT count(*) FROM u_cloudsync) + (SELECT count(*) FROM e_cloudsync)")! >= rows, "nothing was captured");
        return bytes;
    }

    private static void Run(BoundStatement statement, int from, int to)
    {
        Span<byte> key = stackalloc byte[16];
        for (int i = from; i < to; i++)
        {
            Utf8Formatter.TryFormat(i, key, out int length);
            statement.BindText(1, key[..length]).Bind(2, (long)i).Run();
        }
    }
}
