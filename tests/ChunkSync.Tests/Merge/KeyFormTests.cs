using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

/// <summary>Keys that SQLite takes for equal although their bytes differ, and keys that it stores with other bytes than they come with.</summary>
public unsafe class KeyFormTests
{
    private static readonly byte[] Other = ForgedChange.Site;

    public static TheoryData<string, object, object> Equal => new()
    {
        { "id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL", "K", "k" },
        { "id TEXT NOT NULL, PRIMARY KEY(id COLLATE NOCASE)", "K", "k" },
        { "id TEXT COLLATE RTRIM PRIMARY KEY NOT NULL", "k", "k  " },
        { "id PRIMARY KEY NOT NULL", 1L, 1.0 },
        { "id PRIMARY KEY NOT NULL", 0.0, -0.0 },
        { "id REAL PRIMARY KEY NOT NULL", 0.0, -0.0 },
        { "id TEXT COLLATE Backwards PRIMARY KEY NOT NULL", "k-1", "k-2" },
    };

    public static TheoryData<string, object, object> Converted => new()
    {
        { "id INT PRIMARY KEY NOT NULL", "5", 5L },
        { "id INTEGER PRIMARY KEY NOT NULL", "5", 5L },
        { "id INTEGER PRIMARY KEY NOT NULL", 5.0, 5L },
        { "id NUMERIC PRIMARY KEY NOT NULL", "5.0", 5L },
        { "id NUMERIC PRIMARY KEY NOT NULL", " 1e2 ", 100L },
        { "id NUMERIC PRIMARY KEY NOT NULL", "1.5", 1.5 },
        { "id NUMERIC PRIMARY KEY NOT NULL", "5 apples", "5 apples" },
        { "id INT PRIMARY KEY NOT NULL", -0.0, 0L },
        { "id TEXT PRIMARY KEY NOT NULL", 5L, "5" },
        { "id TEXT PRIMARY KEY NOT NULL", 5.0, "5.0" },
        { "id TEXT PRIMARY KEY NOT NULL", 0.1, "0.1" },
        { "id REAL PRIMARY KEY NOT NULL", 5L, 5.0 },
        { "id DOUBLE PRIMARY KEY NOT NULL", "7", 7.0 },
        { "id BLOB PRIMARY KEY NOT NULL", "5", "5" },
        { "id PRIMARY KEY NOT NULL", "5", "5" },
    };

    [Theory]
    [MemberData(nameof(Equal))]
    public void Old_change_loses_and_new_one_wins_when_it_comes_with_other_bytes(string key, object one, object two)
    {
        foreach ((object mine, object theirs) in ((object, object)[])[(one, two), (two, one)])
        {
            using Database here = Open(key);
            here.Run("INSERT INTO t VALUES (?, 'first', 0)", mine);
            here.Exec("UPDATE t SET a = 'second'; UPDATE t SET a = 'third'");
            Merge(here, theirs, "a", "old", 2, 1);
            Assert.Equal("third", here.Scalar("SELECT a FROM t"));
            Merge(here, theirs, "a", "new", 4, 1);
            Assert.Equal("new", here.Scalar("SELECT a FROM t"));
            Assert.Equal(1L, here.Scalar("SELECT count(*) FROM t"));
            Assert.Equal(1L, here.Scalar("SELECT count(DISTINCT pk) FROM t_cloudsync"));
        }
    }

    [Theory]
    [MemberData(nameof(Equal))]
    public void Deleted_row_leaves_a_tombstone_and_nothing_else_when_the_deletion_comes_with_other_bytes(string key, object one, object two)
    {
        foreach ((object mine, object theirs) in ((object, object)[])[(one, two), (two, one)])
        {
            using Database here = Open(key);
            here.Run("INSERT INTO t VALUES (?, 'first', 0)", mine);
            Merge(here, theirs, "__[RIP]__", null, 2, 2);
            Assert.Equal(0L, here.Scalar("SELECT count(*) FROM t"));
            Assert.Equal(["__[RIP]__ 2"], Clocks(here));
        }
    }

    [Theory]
    [MemberData(nameof(Equal))]
    public void Replicas_end_with_the_same_bytes_when_each_wrote_its_own(string key, object one, object two)
    {
        using Database left = Open(key);
        using Database right = Open(key);
        using Database third = Open(key);
        left.Run("INSERT INTO t VALUES (?, 1, 1)", one);
        right.Run("INSERT INTO t VALUES (?, 2, 0)", two);
        for (int round = 0; round < 3; round++)
        {
            // Each sends what it wrote itself, in different orders.
            HandOn(left, third);
            HandOn(right, left);
            HandOn(right, third);
            HandOn(left, right);
            HandOn(third, left);
            HandOn(third, right);
        }

        string rows = Rows(left);
        Assert.Equal(rows, Rows(right));
        Assert.Equal(rows, Rows(third));
        Assert.Equal((2L, 1L), ((long)left.Scalar("SELECT a FROM t")!, (long)left.Scalar("SELECT b FROM t")!));
        left.Exec("DELETE FROM t");
        HandOn(left, right);
        HandOn(left, third);
        Assert.Equal(0L, right.Scalar("SELECT count(*) FROM t"));
        Assert.Equal(0L, third.Scalar("SELECT count(*) FROM t"));
    }

    [Theory]
    [MemberData(nameof(Equal))]
    public void Renamed_row_lives_everywhere_when_its_new_bytes_come_before_the_end_of_the_old_ones(string key, object one, object two)
    {
        foreach ((object before, object after) in ((object, object)[])[(one, two), (two, one)])
        {
            using Database here = Open(key);
            using Database there = Open(key);
            here.Run("INSERT INTO t VALUES (?, 'x', 'y')", before);
            HandOn(here, there);
            here.Run("UPDATE t SET id = ?", after);
            List<object?[]> changes = here.Query("SELECT tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq FROM cloudsync_changes WHERE db_version > 1 ORDER BY seq DESC");
            changes.ForEach(change => there.Run("INSERT INTO cloudsync_changes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", change));
            Assert.Equal(Rows(here), Rows(there));
            Assert.Equal(1L, there.Scalar("SELECT count(*) FROM t"));
        }
    }

    [Theory]
    [MemberData(nameof(Equal))]
    public void New_life_wins_when_the_row_was_deleted_with_other_bytes(string key, object one, object two)
    {
        if (key.Contains("Backwards", StringComparison.Ordinal))
        {
            // Nothing finds a deleted row by a collation of the host's.
            return;
        }

        using Database here = Open(key);
        using Database there = Open(key);
        here.Run("INSERT INTO t VALUES (?, 'x', 'y')", one);
        HandOn(here, there);
        here.Exec("DELETE FROM t");
        here.Run("INSERT INTO t VALUES (?, 'again', 'y')", two);
        HandOn(here, there);
        Assert.Equal("again", there.Scalar("SELECT a FROM t"));
        Assert.Equal(Rows(here), Rows(there));

        // A late change of the first life is no row.
        Merge(there, one, "a", "late", 9, 1);
        Assert.Equal("again", there.Scalar("SELECT a FROM t"));
    }

    [Theory]
    [MemberData(nameof(Converted))]
    public void Clocks_are_those_of_the_stored_value_when_SQLite_converts_a_key(string key, object sent, object stored)
    {
        using Database here = Open(key);
        Merge(here, sent, "a", "one", 1, 1);
        Assert.Equal(stored, here.Scalar("SELECT id FROM t"));
        Assert.Equal(here.Scalar("SELECT cloudsync_pk_encode(?)", stored), here.Scalar("SELECT pk FROM t_cloudsync"));
        here.Exec("UPDATE t SET a = 'two'; UPDATE t SET a = 'three'");
        Merge(here, sent, "a", "old", 2, 1);
        Assert.Equal("three", here.Scalar("SELECT a FROM t"));
        Merge(here, sent, "__[RIP]__", null, 2, 2);
        Assert.Equal(["__[RIP]__ 2"], Clocks(here));
    }

    [Fact]
    public void Clocks_for_what_came_go_to_what_was_stored_when_another_library_left_them()
    {
        using Database here = Open("id INT PRIMARY KEY NOT NULL").Deviates(Deviation.Damaged, "clocks as another library leaves them");
        here.Exec("INSERT INTO t VALUES (5, 'x', 'y'); UPDATE t SET a = 'xx'; UPDATE t_cloudsync SET pk = cloudsync_pk_encode('5')");
        Merge(here, "5", "a", "old", 1, 1);
        Assert.Equal("xx", here.Scalar("SELECT a FROM t"));
        Assert.Equal(["a 2", "b 1"], Clocks(here));
        Assert.Equal(here.Scalar("SELECT cloudsync_pk_encode(5)"), here.Scalar("SELECT DISTINCT pk FROM t_cloudsync"));
    }

    [Fact]
    public void Clocks_of_both_keys_become_those_of_the_row_when_an_earlier_version_left_them()
    {
        using Database here = Open("id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL").Deviates(Deviation.Damaged, "clocks as an earlier version leaves them");
        here.Exec("INSERT INTO t VALUES ('k', 'x', 'y'); UPDATE t SET a = 'xx';"
            + " INSERT INTO t_cloudsync SELECT cloudsync_pk_encode('K'), col_name, 3, 9, 0, seq FROM t_cloudsync WHERE col_name = 'a'");
        Merge(here, "K", "b", "new", 5, 1);
        Assert.Equal(["a 3", "b 5"], Clocks(here));
        Assert.Equal(1L, here.Scalar("SELECT count(DISTINCT pk) FROM t_cloudsync"));
    }

    [Fact]
    public void Row_lives_above_the_tombstone_of_its_old_bytes_when_another_library_renamed_it()
    {
        // As sqlite-sync records a rename: 2 for the old bytes, and the new ones begin with 1.
        using Database here = Open("id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL").Deviates(Deviation.Damaged, "clocks as another library leaves them");
        here.Exec("INSERT INTO t VALUES ('k', 'x', 'y'); INSERT INTO t_cloudsync VALUES (cloudsync_pk_encode('K'), '__[RIP]__', 2, 9, 0, 0);"
            + " INSERT INTO t_cloudsync VALUES (cloudsync_pk_encode('k'), '__[RIP]__', 1, 9, 0, 1)");
        using Database there = Open("id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL");
        there.Exec("INSERT INTO t VALUES ('K', 'old', 'old')");
        HandOn(there, here);
        Assert.Equal("k|x|y", here.Scalar("SELECT id || '|' || a || '|' || b FROM t"));
        HandOn(here, there);
        Assert.Equal("k|x|y", there.Scalar("SELECT id || '|' || a || '|' || b FROM t"));
    }

    [Fact]
    public void Rows_are_kept_apart_when_only_the_column_and_not_the_key_compares_without_case()
    {
        using Database here = Open("id TEXT COLLATE NOCASE NOT NULL, PRIMARY KEY(id COLLATE BINARY)");
        using Database there = Open("id TEXT COLLATE NOCASE NOT NULL, PRIMARY KEY(id COLLATE BINARY)");
        here.Exec("INSERT INTO t VALUES ('k', 'small', 1), ('K', 'capital', 2); UPDATE t SET b = 3 WHERE id = 'k' COLLATE BINARY");
        HandOn(here, there);
        Assert.Equal(Rows(here), Rows(there));
        Assert.Equal(2L, there.Scalar("SELECT count(*) FROM t"));
        here.Exec("DELETE FROM t WHERE id = 'K' COLLATE BINARY");
        HandOn(here, there);
        Assert.Equal("small", there.Scalar("SELECT group_concat(a) FROM t"));
    }

    [Fact]
    public void Row_keeps_its_bytes_and_its_clocks_when_a_check_refuses_the_others()
    {
        using Database here = Open("id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL CHECK (id = lower(id) COLLATE BINARY)");
        here.Exec("INSERT INTO t VALUES ('k', 'mine', 'mine')");
        string before = string.Join("\n", Clocks(here));
        SqlException failure = Assert.Throws<SqlException>(() => Merge(here, "K", "a", "theirs", 5, 1));
        Assert.StartsWith("CHECK constraint failed", failure.Text);
        Assert.EndsWith("(table t, key 'K')", failure.Text);
        Assert.Equal("k|mine", here.Scalar("SELECT id || '|' || a FROM t"));
        Assert.Equal(before, string.Join("\n", Clocks(here)));
    }

    [Fact]
    public void Values_win_and_bytes_stay_when_a_trigger_keeps_the_key()
    {
        using Database here = Open("id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL");
        here.Exec("CREATE TRIGGER keep BEFORE UPDATE OF id ON t WHEN NEW.id <> OLD.id COLLATE BINARY BEGIN SELECT RAISE(IGNORE); END; INSERT INTO t VALUES ('k', 'mine', 'mine')");
        Merge(here, "K", "a", "theirs", 5, 1);
        Assert.Equal("k|theirs", here.Scalar("SELECT id || '|' || a FROM t"));
        Assert.Equal(here.Scalar("SELECT cloudsync_pk_encode('k')"), here.Scalar("SELECT DISTINCT pk FROM t_cloudsync"));
    }

    [Fact]
    public void Strict_column_of_any_type_keeps_what_comes()
    {
        if (new Version(NativeSqlite.Version) < new Version(3, 37))
        {
            return;
        }

        using Database here = Database.Open();
        here.Exec("CREATE TABLE t(id ANY PRIMARY KEY NOT NULL, a, b) STRICT".Replace("a, b", "a ANY, b ANY", StringComparison.Ordinal) + "; SELECT cloudsync_init('t', 'cls', 7)");
        Merge(here, "5", "a", "text", 1, 1);
        Merge(here, 5L, "a", "number", 1, 1);
        Assert.Equal(2L, here.Scalar("SELECT count(DISTINCT pk) FROM t_cloudsync"));
        Merge(here, 5.0, "a", "same number", 2, 1);
        Assert.Equal("same number", here.Scalar("SELECT a FROM t WHERE id = 5"));
    }

    [Fact]
    public void Look_up_ends_when_somebody_fills_a_table_with_keys_of_the_same_letters()
    {
        using Database here = Open("id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL");
        here.Exec("BEGIN");
        Random random = new(1);
        for (int i = 0; i < 3000; i++)
        {
            Merge(here, string.Concat(Enumerable.Range(0, 40).Select(letter => (char)((random.Next(2) == 0 ? 'a' : 'A') + (letter % 26)))), "__[RIP]__", null, 2, 2);
        }

        here.Exec("COMMIT");
        Merge(here, "other", "a", 1L, 1, 1);
        Assert.Equal("other", here.Scalar("SELECT id FROM t"));
    }

    [Fact]
    public void Nothing_is_left_of_repeated_parts_when_the_value_has_come_with_other_bytes()
    {
        using Database here = Open("id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL");
        using Database there = Open("id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL");
        here.Run("INSERT INTO t VALUES ('k', ?, 1)", new string('x', 300_000));
        there.Exec("INSERT INTO t VALUES ('K', 0, 0)");
        List<object?[]> parts = here.Query("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_chunk_size = 262144");
        Assert.True(parts.Count > 1);
        parts.ForEach(part => there.Scalar("SELECT cloudsync_payload_apply(?)", part[0]));
        there.Exec("UPDATE t SET a = 'short'");
        parts.ForEach(part => there.Scalar("SELECT cloudsync_payload_apply(?)", part[0]));
        Assert.Equal("short", there.Scalar("SELECT a FROM t"));
        Assert.Equal(0L, there.Scalar("SELECT count(*) FROM cloudsync_payload_fragments"));
    }

    [Theory]
    [InlineData("id TEXT PRIMARY KEY NOT NULL", "'k' || value")]
    [InlineData("id INTEGER PRIMARY KEY NOT NULL", "value")]
    [InlineData("id PRIMARY KEY NOT NULL", "'k' || value")]
    [InlineData("id BLOB PRIMARY KEY NOT NULL", "CAST('k' || value AS BLOB)")]
    public void Ordinary_keys_cost_nothing(string key, string value)
    {
        using Database sender = Open(key);
        sender.Exec($"WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 50) INSERT INTO t SELECT {value}, 1, 2 FROM n; DELETE FROM t WHERE a = 1 AND b = 2 AND id IN (SELECT id FROM t LIMIT 5)");
        using Database here = Open(key);
        HandOn(sender, here);
        here.Exec("UPDATE t SET a = 2; DELETE FROM t");
        HandOn(sender, here);
        for (nint statement = NativeSqlite.NextStatement(here.Handle, 0); statement != 0; statement = NativeSqlite.NextStatement(here.Handle, statement))
        {
            string sql = ChunkSync.Sqlite.Sqlite3.Utf8String(NativeSqlite.Sql(statement));
            Assert.DoesNotContain("pk >= ?1", sql, StringComparison.Ordinal);
            Assert.DoesNotContain("ifnull((SELECT col_version", sql, StringComparison.Ordinal);
            Assert.DoesNotContain("CAST(?1 AS", sql, StringComparison.Ordinal);
        }
    }

    private static Database Open(string key)
    {
        Database database = Database.Open();
        _ = NativeSqlite.CreateCollation(database.Handle, "Backwards", 1, 0, &CompareStart, 0);
        int split = key.IndexOf(", PRIMARY", StringComparison.Ordinal);
        string columns = split < 0 ? key + ", a, b" : key[..split] + ", a, b" + key[split..];
        database.Exec($"CREATE TABLE t({columns}); SELECT cloudsync_init('t', 'cls', 7)");
        return database;
    }

    /// <summary>Texts are equal up to their first hyphen.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CompareStart(nint argument, int leftLength, byte* left, int rightLength, byte* right)
    {
        return Start(left, leftLength).SequenceCompareTo(Start(right, rightLength));

        static ReadOnlySpan<byte> Start(byte* text, int length)
        {
            ReadOnlySpan<byte> all = new(text, length);
            int hyphen = all.IndexOf((byte)'-');
            return hyphen < 0 ? all : all[..hyphen];
        }
    }

    private static void Merge(Database database, object key, string column, object? value, long version, long causalLength) => database.Run(
        "INSERT INTO cloudsync_changes VALUES ('t', ?, ?, ?, ?, 1, ?, ?, 0)",
        database.Scalar("SELECT cloudsync_pk_encode(?)", key), column, value, version, Other, causalLength);

    private static List<string> Clocks(Database database) =>
        [.. database.Query("SELECT col_name || ' ' || col_version FROM t_cloudsync ORDER BY col_name").Select(row => (string)row[0]!)];

    private static string Rows(Database database) => string.Join("\n", database.Query("SELECT id, a, b FROM t ORDER BY hex(cloudsync_pk_encode(id))")
        .Select(row => string.Join(",", row.Select(FixtureValues.Describe))));

    private static void HandOn(Database from, Database to) =>
        from.Query("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0").ForEach(row => to.Scalar("SELECT cloudsync_payload_apply(?)", row[0]));
}
