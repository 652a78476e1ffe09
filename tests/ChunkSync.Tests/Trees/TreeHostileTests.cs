using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Trees;

/// <summary>What nobody honest sends: chains, floods of late or void operations, clocks that jump, groups of one stamp.</summary>
public sealed class TreeHostileTests(ITestOutputHelper output)
{
    private const string Site = "x'00112233445566778899aabbccddeeff'";
    private const string Carrier = "CREATE TABLE t_treeops(lamport INTEGER NOT NULL, site BLOB NOT NULL, node NOT NULL, parent NOT NULL, pos NOT NULL,"
        + " PRIMARY KEY(lamport, site, node, parent, pos)) WITHOUT ROWID";

    private const string Table = "CREATE TABLE t(id INTEGER PRIMARY KEY NOT NULL, p INTEGER, pos, title TEXT)";

    [Fact, Soak("tree-chains")]
    public void Everything_ends_when_a_chain_is_as_deep_as_it_has_nodes()
    {
        using Effort effort = Effort.Start("tree-chains", output, sample: 1);
        while (effort.Next("chains"))
        {
            Chain(Effort.IsSoak ? 1_000_000 : 20_000);
        }
    }

    [Fact]
    public void Every_payload_is_applied_when_each_has_an_operation_late_by_the_whole_log()
    {
        const int Depth = 1000;
        using Database hub = Hub();
        using Database database = Tree();
        OneWay there = new(hub, database);
        hub.Exec($"{Numbers(Depth)} INSERT INTO t_treeops SELECT 1000 + i, {Site}, i, max(1, i - 1), x'' FROM n");
        there.Send();
        for (int i = 0; i < 8; i++)
        {
            // A folder goes below the deepest, which is below it a moment later.
            hub.Exec($"INSERT INTO t_treeops VALUES ({100 - i}, {Site}, {2 + (i * 3)}, {Depth}, 'n{i}')");
            there.Send();
        }

        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('t')"));
        string tree = Digest(database);
        database.Scalar("SELECT cloudsync_tree_ensure('t', 'rebuild')");
        Assert.Equal(tree, Digest(database));
        Assert.Equal(8L, database.Scalar("SELECT count(*) FROM cloudsync_tree_log('t') WHERE lamport <= 100 AND effective"));
    }

    [Fact]
    public void Late_operations_do_not_write_the_same_rows_again_and_again_when_many_behind_them_have_no_effect()
    {
        const int Count = 1000;
        using Database hub = Hub();
        using Database database = Tree();
        OneWay there = new(hub, database);
        hub.Exec($"INSERT INTO t_treeops VALUES (1, {Site}, 2, 1, x''); {Numbers(Count)} INSERT INTO t_treeops SELECT 100000 + i, {Site}, 1, 2, 'n' || i FROM n");
        there.Send();
        hub.Exec($"{Numbers(Count)} INSERT INTO t_treeops SELECT 10 + i, {Site}, 1, 1, i FROM n");
        there.Send();
        Assert.True((long)database.Scalar("SELECT written FROM cloudsync_tree_status")! < 3 * Count);
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('t')"));
        Assert.Equal((long)Count, database.Scalar("SELECT pos FROM t_tree_node WHERE key = 1"));
    }

    [Fact]
    public void Group_of_one_stamp_is_ordered_by_its_content_when_there_are_thousands()
    {
        const int Count = 1500;
        using Database hub = Hub();
        using Database database = Tree();
        using Database other = Tree();
        hub.Exec($"INSERT INTO t_treeops VALUES (9, {Site}, 1, 1, 'n'); {Numbers(Count)} INSERT INTO t_treeops SELECT 7, {Site}, i % 50, i % 37, i FROM n");
        new OneWay(hub, database).Send();
        hub.Exec($"INSERT INTO t_treeops VALUES (7, {Site}, 3, 4, 'late')");
        new OneWay(hub, database).Send();
        new OneWay(hub, other).Send();
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('t')"));
        Assert.Equal(Digest(other), Digest(database));
    }

    [Fact]
    public void Void_held_and_equal_operations_are_told_apart_when_they_come_in_a_payload()
    {
        using Database hub = Hub();
        using Database database = Tree();
        hub.Exec($"INSERT INTO t_treeops VALUES (5, {Site}, 1, 1, 'a'), (5, {Site}, 1, 2, 'b'), (6, {Site}, zeroblob(1000000), 1, x''), (6, {Site}, 1, zeroblob(1000000), x''),"
            + $" (6, {Site}, 1, 1, zeroblob(1000000)), (7, x'00', 1, 1, x''), (8, {Site}, 1.5, 1, x''), (9223372036854775807, {Site}, 1, 1, x''),"
            + $" (-9223372036854775808, {Site}, 1, 1, x''), (4611686018427387903, {Site}, 1, 1, 'far')");
        for (int turn = 0; turn < 2; turn++)
        {
            new OneWay(hub, database).Send();
            Assert.Equal("void 7,counted 2,held 1", database.Scalar(
                "SELECT group_concat(s) FROM (SELECT state || ' ' || count(*) AS s FROM cloudsync_tree_log('t') GROUP BY state ORDER BY count(*) = 1, count(*) = 2)"));
            Assert.Equal("7|1|0", string.Join("|", database.Query("SELECT void, held, pending FROM cloudsync_tree_status")[0]));
            Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('t')"));
            database.Scalar("SELECT cloudsync_tree_ensure('t', 'rebuild')");
        }

        // The next move is one that everybody believes.
        database.Exec("INSERT INTO t VALUES (1, NULL, 'a', ''), (3, 1, 'n0', '')");
        Assert.Equal(10L, database.Scalar("SELECT head_lamport FROM cloudsync_tree_status"));
    }

    [Theory]
    [InlineData("(1, x'00', 1, 1, x'')", "t: the site of an operation must be a BLOB of 16 bytes, not x'00'")]
    [InlineData("(4294967297, " + Site + ", 1, 1, x'')", "t: the clock value 4294967297 of an operation is more than 4294967296 above those before it")]
    [InlineData("(1, " + Site + ", 1, 2.5, x'')", "t: the key of 1 or its parent is a REAL, which cannot be a key of a tree")]
    [InlineData("(1, " + Site + ", zeroblob(4097), 1, x'')", "is longer than 4096 bytes")]
    [InlineData("(9223372036854775807, " + Site + ", 1, 1, x'')", "t: the clock of the operation log is used up")]
    public void Operation_that_others_do_not_count_is_refused_when_it_is_written_by_hand(string row, string text)
    {
        using Database database = Tree();
        Assert.Contains(text, Assert.Throws<SqlException>(() => database.Exec("INSERT INTO t_treeops VALUES " + row)).Text, StringComparison.Ordinal);
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM t_treeops"));
        database.Exec($"INSERT INTO t_treeops VALUES (4294967296, {Site}, 1, 1, x'')");
        Assert.Equal(1L, database.Scalar("SELECT count(*) FROM cloudsync_tree_log('t') WHERE state = 'counted'"));
    }

    [Theory]
    [InlineData("SELECT cloudsync_tree_init('t', 'p', 'pos', '{')", "cloudsync_tree_init: options must be a JSON object")]
    [InlineData("SELECT cloudsync_tree_init('t', 'p', 'pos', x'00')", "'\\0' has a NUL character")]
    [InlineData("SELECT cloudsync_tree_init('t', 'p', 'pos', printf('%.*c', 100000, '['))", "cloudsync_tree_init: options must be a JSON object")]
    [InlineData("SELECT cloudsync_tree_init('t', 'p', 'pos', '{\"index\":1}')", "cloudsync_tree_init: option 'index' must be true or false")]
    [InlineData("SELECT cloudsync_tree_init(NULL, 'p', 'pos')", "cloudsync_tree_init: a table name is needed")]
    [InlineData("SELECT cloudsync_tree_init('t', NULL, 'pos')", "cloudsync_tree_init: parent_column must be the name of a column, not NULL")]
    [InlineData("SELECT cloudsync_tree_init('t', 'id', 'pos')", "cloudsync_tree_init: column id is the key of table t")]
    [InlineData("SELECT cloudsync_tree_init('t', 'p', 'P')", "cloudsync_tree_init: table t is a tree on p, pos; call cloudsync_tree_cleanup('t') first")]
    [InlineData("SELECT cloudsync_tree_init('t_treeops', 'node', 'pos')", "cloudsync_tree_init: t_treeops is the operation log of tree table t")]
    [InlineData("SELECT cloudsync_tree_ensure('t', 1)", "cloudsync_tree_ensure: the second argument must be 'rebuild', not 1")]
    [InlineData("SELECT cloudsync_tree_ensure(NULL, 'rebuild')", "cloudsync_tree_ensure: a table name is needed")]
    [InlineData("SELECT cloudsync_tree_compact('t', 1.0)", "cloudsync_tree_compact: lamport must be an integer below 1")]
    [InlineData("SELECT cloudsync_tree_compact('t', NULL)", "cloudsync_tree_compact: lamport must be an integer below 1")]
    [InlineData("SELECT cloudsync_tree_pos('t', 1, 77)", "cloudsync_tree_pos: 77 is not under 1 in table t")]
    [InlineData("SELECT cloudsync_tree_pos('t', zeroblob(1000000), zeroblob(1000000))", " is not under x'")]
    [InlineData("SELECT cloudsync_tree_between(1, 2)", "cloudsync_tree_between: 1 is not a position")]
    [InlineData("SELECT cloudsync_tree_between(printf('%.*c', 1000000, 'z'), NULL)", " is not a position")]
    [InlineData("SELECT cloudsync_tree_verify(zeroblob(1000000))", "…' has a NUL character")]
    [InlineData("SELECT cloudsync_tree_cleanup('t_treeops')", "is not a tree table")]
    [InlineData("SELECT * FROM cloudsync_tree_descendants", "cloudsync_tree_descendants: a table name is needed")]
    [InlineData("SELECT * FROM cloudsync_tree_descendants('x', 1)", "cloudsync_tree_descendants: table 'x' is not a tree table")]
    [InlineData("SELECT * FROM cloudsync_tree_descendants('t', 1, 'a')", "max_depth must be an integer of at least 0, not 'a'")]
    [InlineData("SELECT * FROM cloudsync_tree_descendants('t', 1, 1, 4)", "too many arguments")]
    [InlineData("SELECT * FROM cloudsync_tree_path(NULL, 1)", "cloudsync_tree_path: a table name is needed")]
    [InlineData("SELECT * FROM cloudsync_tree_lost(12)", "cloudsync_tree_lost: table '12' is not a tree table")]
    [InlineData("SELECT * FROM cloudsync_tree_log(1.5)", "cloudsync_tree_log: table '1.5' is not a tree table")]
    [InlineData("SELECT cloudsync_tree_verify()", "wrong number of arguments")]
    public void Arguments_that_cannot_be_are_named(string sql, string text)
    {
        using Database database = Tree();
        Assert.Contains(text, Assert.Throws<SqlException>(() => database.Query(sql)).Text, StringComparison.Ordinal);
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('t')"));
    }

    private static void Chain(int depth)
    {
        using Database hub = Hub();
        using Database database = Tree();
        using IDisposable pause = database.PauseChecks();
        using IDisposable hubPause = hub.PauseChecks();
        OneWay there = new(hub, database);
        hub.Exec($"{Numbers(depth)} INSERT INTO t SELECT i, NULL, NULL, '' FROM n;"
            + $"{Numbers(depth)} INSERT INTO t_treeops SELECT 1000 + i, {Site}, i, max(1, i - 1), x'' FROM n");
        there.Send();
        Assert.Equal((long)depth, database.Scalar("SELECT count(*) FROM cloudsync_tree_path('t', ?)", depth));
        Assert.Equal((long)depth, database.Scalar("SELECT max(depth) FROM cloudsync_tree_descendants('t', NULL)"));
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM cloudsync_tree_lost('t')"));

        // The top below the bottom, before everything and behind it.
        hub.Exec($"INSERT INTO t_treeops VALUES (1, {Site}, 1, {depth}, 'n0'), (9000000, {Site}, 1, {depth}, 'n1')");
        there.Send();
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('t')"));
        Assert.Equal(2L, database.Scalar("SELECT count(*) FROM cloudsync_tree_log('t') WHERE parent = ? AND NOT effective OR lamport = 1 AND effective", depth));
        database.Scalar("SELECT cloudsync_tree_ensure('t', 'rebuild')");
        Assert.Contains("t: 1 cannot move under ",
            Assert.Throws<SqlException>(() => database.Run("UPDATE t SET p = ? WHERE id = 1", depth)).Text, StringComparison.Ordinal);
        Assert.Equal((long)depth, database.Scalar("SELECT cloudsync_tree_compact('t', ?)", 1000 + depth - 1));
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('t')"));
    }

    private static string Numbers(int count) => $"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})";

    private static string Digest(Database database) =>
        (string)database.Scalar("SELECT group_concat(quote(n.key) || '<' || quote(p.key) || '@' || quote(n.pos), ' ') FROM (SELECT * FROM t_tree_node ORDER BY key) AS n"
            + " LEFT JOIN t_tree_node AS p ON p.nid = n.parent")!;

    /// <summary>A database that forwards and knows of no trees.</summary>
    private static Database Hub()
    {
        Database database = Database.Open();
        database.Exec(Table + "; " + Carrier + "; SELECT cloudsync_init('t', 'cls', 1); SELECT cloudsync_init('t_treeops')");
        return database;
    }

    private static Database Tree()
    {
        Database database = Database.Open();
        database.Exec(Table + "; SELECT cloudsync_init('t', 'cls', 1); SELECT cloudsync_tree_init('t', 'p', 'pos')");
        return database;
    }
}
