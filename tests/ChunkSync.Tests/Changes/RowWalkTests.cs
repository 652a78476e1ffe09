using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Changes;

/// <summary>A scan walks along base rows and sentinels where it can. What it gives is compared with the same changes asked for one by one, which
/// are looked up.</summary>
public sealed class RowWalkTests(ITestOutputHelper output)
{
    private static readonly string[] Tables =
    [
        "id INTEGER PRIMARY KEY NOT NULL, a, b TEXT, c REAL",
        "id TEXT PRIMARY KEY NOT NULL, a, b TEXT, c REAL",
        "id TEXT PRIMARY KEY NOT NULL, a, b TEXT, c REAL) WITHOUT ROWID --",
        "id, k, a, b TEXT, c REAL, PRIMARY KEY(k, id)",
        "id TEXT PRIMARY KEY NOT NULL, a, g AS (a || 'g'), rowid TEXT, b TEXT, s GENERATED ALWAYS AS (b) STORED, c REAL",
        "id NUMERIC PRIMARY KEY NOT NULL, a, b TEXT COLLATE NOCASE, c REAL",
    ];

    [Fact]
    public void Scan_gives_what_single_changes_are_when_rows_were_written_in_any_order()
    {
        Random random = new(Seed.Next(output));
        foreach (string columns in Tables)
        {
            using Database database = Database.Open();
            database.Exec($"CREATE TABLE t({columns}); SELECT cloudsync_init('t', 'cls', 5)".Replace(" --)", "", StringComparison.Ordinal));
            Write(database, random);
            Compare(database);
        }
    }

    [Fact]
    public void Scan_reads_rows_as_they_are_when_its_own_connection_writes_meanwhile()
    {
        Random random = new(Seed.Next(output));
        foreach (string columns in Tables)
        {
            using Database database = Database.Open();
            database.Exec($"CREATE TABLE t({columns}); SELECT cloudsync_init('t', 'cls', 5)".Replace(" --)", "", StringComparison.Ordinal));
            Write(database, random);
            nint scan = database.Prepare("SELECT pk, col_name, col_value, cl, db_version, seq FROM cloudsync_changes WHERE db_version <= 3");
            int rows = 0;
            byte[]? changed = null;
            while (NativeSqlite.Step(scan) == 100)
            {
                object?[] row = Database.Row(scan);
                if (changed == null || !changed.AsSpan().SequenceEqual((byte[])row[0]!))
                {
                    // The columns of a row are read at once, with its first.
                    object?[] single = database.Query(
                        "SELECT pk, col_name, col_value, cl, db_version, seq FROM cloudsync_changes WHERE db_version = ? AND seq = ?", row[4], row[5]).Single();
                    Assert.Equal(single, row);
                }

                if (++rows % 7 == 0)
                {
                    Change(database, random);
                    changed = (byte[])row[0]!;
                }
            }

            Assert.Equal(0, NativeSqlite.Finalize(scan));
            Assert.True(rows > 0);
        }
    }

    [Theory]
    [InlineData("", 1.0, 59)]
    [InlineData("UPDATE t SET b = b + 1", 1.0, 84)]
    [InlineData("UPDATE t SET a = a + 1 WHERE id % 10 = 3; DELETE FROM t WHERE id % 10 = 7", 1.0, 61)]
    public void Scan_looks_up_few_rows_when_they_were_written_in_order(string then, double maxPerRow, double maxSteps)
    {
        const int Rows = 1000;
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id INTEGER PRIMARY KEY NOT NULL, a, b, c); SELECT cloudsync_init('t', 'cls', 1);"
            + $"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {Rows}) INSERT INTO t SELECT i, i, i, i FROM n; {then}");
        using StatementMeter meter = new(database);
        database.Query("SELECT count(payload) FROM cloudsync_payload_chunks WHERE since_db_version = 0");
        output.WriteLine($"runs {meter.Runs}, steps {meter.VmSteps}");
        Assert.InRange((double)meter.Runs / Rows, 0, 0.25 * maxPerRow);
        Assert.InRange((double)meter.VmSteps / Rows, 0, maxSteps);
    }

    private static void Compare(Database database)
    {
        const string Columns = "tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq";
        List<object?[]> all = database.Query($"SELECT {Columns} FROM cloudsync_changes");
        Assert.NotEmpty(all);
        foreach (object?[] change in all)
        {
            Assert.Contains(database.Query($"SELECT {Columns} FROM cloudsync_changes WHERE db_version = ? AND seq = ?", change[5], change[8]), row => row.SequenceEqual(change, ByValue));
        }

        Assert.Equal(all.Count, database.Query("SELECT DISTINCT pk, col_name FROM cloudsync_changes").Count);
    }

    private static readonly EqualityComparer<object?> ByValue = EqualityComparer<object?>.Create(
        (left, right) => left is byte[] a && right is byte[] b ? a.AsSpan().SequenceEqual(b) : Equals(left, right), _ => 0);

    private static void Write(Database database, Random random)
    {
        bool hasK = database.Query("SELECT 1 FROM pragma_table_info('t') WHERE name = 'k'").Count > 0;
        string names = hasK ? "id, k, a, b, c" : "id, a, b, c";
        string extra = hasK ? ", i % 3" : "";
        string order = random.Next(2) == 0 ? "i" : "abs(i * 7919) % 1009";
        database.Exec($"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 120) INSERT INTO t({names})"
            + $" SELECT i{extra}, i * 3, 'text ' || i, i / 4.0 FROM n ORDER BY {order}");
        database.Exec("INSERT INTO t(" + names + ") VALUES (1000" + (hasK ? ", 0" : "") + ", zeroblob(200000), 'long', 1), (1001" + (hasK ? ", 0" : "") + ", 1, printf('%.*c', 70000, 'x'), 1)");
        for (int i = 0; i < 40; i++)
        {
            Change(database, random);
        }
    }

    private static void Change(Database database, Random random)
    {
        int id = random.Next(1, 130);
        int span = random.Next(1, 12);
        database.Exec(random.Next(6) switch
        {
            0 => $"DELETE FROM t WHERE id BETWEEN {id} AND {id + span}",
            1 => $"UPDATE t SET a = a || 'x' WHERE id BETWEEN {id} AND {id + span}",
            2 => $"UPDATE t SET b = b || 'y', c = c + 1 WHERE id BETWEEN {id} AND {id + span}",
            3 => $"UPDATE OR IGNORE t SET id = id + 400 WHERE id = {id}",
            4 => $"INSERT OR IGNORE INTO t(id, a, b{(HasK(database) ? ", k" : "")}) VALUES ({id}, 'again', 'b'{(HasK(database) ? ", 0" : "")})",
            _ => $"INSERT OR REPLACE INTO t(id, a, b{(HasK(database) ? ", k" : "")}) VALUES ({id}, 'replaced', 'b'{(HasK(database) ? ", 1" : "")})",
        });
    }

    private static bool HasK(Database database) => database.Query("SELECT 1 FROM pragma_table_info('t') WHERE name = 'k'").Count > 0;
}
