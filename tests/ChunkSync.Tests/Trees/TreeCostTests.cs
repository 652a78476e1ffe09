using System.Globalization;
using System.Text.RegularExpressions;
using ChunkSync.Tests.Host;
using ChunkSync.Tests.Limits;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Trees;

/// <summary>What a late operation costs, in counts: it depends on how late it is, and not on the length of the log.</summary>
[Collection(MemoryCollection.Name)]
public sealed partial class TreeCostTests(ITestOutputHelper output)
{
    private const int Folders = 40;
    private const string Site = "x'00112233445566778899aabbccddeeff'";

    [Fact]
    public void Late_folder_costs_the_same_in_short_and_long_logs()
    {
        using Database shorter = Log(5_000);
        using Database longer = Log(50_000);
        foreach (int late in (int[])[1, 100, 2_000])
        {
            long few = Late(shorter, 5_000, late);
            long many = Late(longer, 50_000, late);
            output.WriteLine($"late by {late}: {few} steps in a log of 5,000, {many} in one of 50,000");
            Assert.InRange(many, few * 0.9, few * 1.1);
        }
    }

    [Fact]
    public void Rows_are_read_behind_the_frontier_and_written_where_they_differ()
    {
        using Database database = Log(5_000);

        // A folder: every row of the log behind it, once.
        (long scanned, long written, long moved, long rows) = Fold(database, Operation(5_000 - 1_000, "f3", "f7"));
        Assert.Equal(1_001, scanned);
        Assert.InRange(written, 1, 4);
        Assert.InRange(moved, 0, 1);
        Assert.InRange(rows, 0, 1);

        // A leaf, and a new position of a folder in its parent: none.
        (scanned, written, moved, rows) = Fold(database, Operation(5_000 - 4_000, "leaf7", "f2"));
        Assert.Equal(0, scanned);
        Assert.InRange(written, 1, 4);
        Assert.InRange(moved, 0, 1);
        Assert.InRange(rows, 0, 1);
        string? parent = (string?)database.Scalar("SELECT p.key FROM items_tree_log AS l JOIN items_tree_node AS n ON n.nid = l.nid JOIN items_tree_node AS p ON p.nid = l.parent"
            + " WHERE n.key = 'f6' AND l.effective AND l.lamport < 3000 ORDER BY l.lamport DESC LIMIT 1");
        Assert.NotNull(parent);
        (scanned, written, _, _) = Fold(database, Operation(1_500, "f6", parent, "'n77'"));
        Assert.Equal(0, scanned);
        Assert.InRange(written, 1, 4);

        // Many at once: one rewind to the first.
        (scanned, _, _, _) = Fold(database, [.. Enumerable.Range(0, 50).Select(i => Operation(4_500 - (5 * i), $"f{1 + (i % 9)}", $"f{20 + (i % 7)}")[0])]);
        // Some of them only sort: they are in the log before the others are folded in.
        long behind = (long)database.Scalar("SELECT count(*) FROM items_tree_log WHERE lamport >= 2 * (4500 - 5 * 49) - 1")!;
        Assert.InRange(scanned, behind - 50, behind - 1);
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('items')"));
    }

    [Fact]
    public void Fold_allocates_nothing_per_row_behind_the_frontier()
    {
        using Database database = Log(12_000);
        int from = 5;
        output.WriteLine(Allocations.AssertNonePerRow(
            rows =>
            {
                using BoundStatement ensure = new(database, "SELECT cloudsync_tree_ensure()");
                database.Exec(Operation(12_000 - rows - (from += 3), "f3", $"f{4 + (from % 20)}")[0]);
                long start = GC.GetAllocatedBytesForCurrentThread();
                ensure.Step();
                long bytes = GC.GetAllocatedBytesForCurrentThread() - start;
                ensure.Reset();
                Assert.InRange((long)database.Scalar("SELECT scanned FROM cloudsync_tree_status")!, rows, rows + 100);
                return bytes;
            },
            3_000));
    }

    [Fact]
    public void Memory_of_a_fold_is_a_page_and_the_nodes_whatever_is_pending()
    {
        using Database database = Log(20_000);
        database.Exec(Operation(10, "f3", "f4")[0]);
        database.Scalar("SELECT count(*) FROM items_tree_log");
        HeapMeter meter = HeapMeter.Start();
        database.Scalar("SELECT cloudsync_tree_ensure()");
        output.WriteLine($"late by 20,000: {meter.Peak} bytes");
        Assert.InRange(meter.Peak, 0, HeapMeter.PageCache + (2 << 20));
        Assert.Equal(19_991L, database.Scalar("SELECT scanned FROM cloudsync_tree_status"));

        // 60,000 operations at once, each late: more than are taken in at once.
        Assert.Equal(0, NativeSqlite.DbConfig(database.Handle, 1003, 0, 0));
        database.Exec("INSERT INTO items_treeops WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < 59999)"
            + " SELECT 2 * (i / 4) + 1, randomblob(16), 'f' || (1 + i % 9), 'f' || (20 + i % 7), 'n' || (i % 9) FROM c;"
            + " INSERT INTO items_tree_pending SELECT *, 1 FROM items_treeops WHERE lamport % 2 AND site <> x'00112233445566778899aabbccddeeff'");
        Assert.Equal(0, NativeSqlite.DbConfig(database.Handle, 1003, 1, 0));
        Assert.Equal(60_000L, database.Scalar("SELECT pending FROM cloudsync_tree_status"));
        meter = HeapMeter.Start();
        database.Scalar("SELECT cloudsync_tree_ensure()");
        output.WriteLine($"60,000 late operations: {meter.Peak} bytes");
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('items')"));
        Assert.Equal(0L, database.Scalar("SELECT pending FROM cloudsync_tree_status"));
        TreeModel.Equal(database);
    }

    /// <summary>A tree with a log of moves, half of them of folders; clock values are even.</summary>
    private static Database Log(int operations)
    {
        Database database = Database.Open();
        database.Deviates(Consistency.Deviation.Damaged, "a long log is written by hand: comparing it with its clocks behind each statement takes long");
        database.Exec("CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, parent TEXT, pos); SELECT cloudsync_init('items'); SELECT cloudsync_tree_init('items', 'parent', 'pos')");
        database.Exec("SELECT cloudsync_disable('items'); INSERT INTO items(id) WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < 99)"
            + " SELECT CASE WHEN i < 40 THEN 'f' ELSE 'leaf' END || (i % 60) FROM c; SELECT cloudsync_enable('items')");

        // In order, as they would have come; the same ones at the end of every log.
        string rows = $"WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {operations}), o(i, k) AS (SELECT i, ({operations} - i) * 7919 % 10007 FROM c)"
            + $" SELECT 2 * i, {Site}, CASE k % 2 WHEN 0 THEN 'f' || (k % {Folders}) ELSE 'leaf' || (k % 20) END, 'f' || (k / 41 % {Folders}), 'n' || (k % 10) FROM o";
        // By hand, past the triggers that capture: as operations that came.
        database.Exec("BEGIN");
        Assert.Equal(0, NativeSqlite.DbConfig(database.Handle, 1003, 0, 0));
        database.Exec($"INSERT INTO items_treeops {rows}; INSERT INTO items_tree_pending SELECT *, 1 FROM items_treeops");
        Assert.Equal(0, NativeSqlite.DbConfig(database.Handle, 1003, 1, 0));
        database.Exec("COMMIT; SELECT cloudsync_tree_ensure()");
        return database;
    }

    private static string[] Operation(int at, string node, string parent, string position = "x''") =>
        [$"INSERT INTO cloudsync_changes VALUES ('items_treeops', cloudsync_pk_encode({2 * at} - 1, {Site}, '{node}', '{parent}', {position}), '__[RIP]__', NULL, 1, 5, {Site}, 1, 0)"];

    private static (long Scanned, long Written, long Moved, long Rows) Fold(Database database, string[] operations)
    {
        Array.ForEach(operations, database.Exec);
        database.Exec("CREATE TEMP TABLE IF NOT EXISTS written(n); DELETE FROM written;"
            + " CREATE TEMP TRIGGER IF NOT EXISTS counts AFTER UPDATE ON main.items BEGIN INSERT INTO written VALUES (1); END");
        string result = (string)database.Scalar("SELECT cloudsync_tree_ensure()")!;
        long[] numbers = [.. Numbers().Matches(result).Select(match => long.Parse(match.Value, CultureInfo.InvariantCulture))];
        return (numbers[1], numbers[2], numbers[3], (long)database.Scalar("SELECT count(*) FROM written")!);
    }

    /// <summary>Steps of SQLite's machine for one folder that comes late by so many operations; it is taken out again.</summary>
    private static long Late(Database database, int length, int late)
    {
        database.Exec("BEGIN");
        database.Exec(Operation(length - late + 1, "f3", "f7")[0]);
        using StatementMeter meter = new(database);
        database.Scalar("SELECT cloudsync_tree_ensure()");
        long steps = meter.VmSteps;
        Assert.Equal((long)late, database.Scalar("SELECT scanned FROM cloudsync_tree_status"));
        database.Exec("ROLLBACK");
        return steps;
    }

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Numbers();
}
