using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Chunks;

public class CursorTests
{
    private static readonly (string, object?)[] Window = [("since_db_version", 0), ("max_chunk_size", 262_144)];

    public static TheoryData<string, object?, string> Refused => new()
    {
        { "resume_db_version", -1, "resume_db_version is -1" },
        { "resume_seq", -5, "resume_seq is -5" },
        { "resume_frag_offset", -1, "resume_frag_offset is -1" },
        { "resume_db_version", "abc", "resume_db_version is 'abc'" },
        { "resume_seq", 1.5, "resume_seq is 1.5" },
        { "resume_frag_offset", new byte[] { 1, 2 }, "resume_frag_offset is x'0102'" },
        { "resume_frag_offset", 17, "resume_frag_offset 17 is not a boundary at (db_version 1, seq 1); resume that position with resume_frag_offset 0" },
        { "resume_frag_offset", 1_000_000_000_000, "resume_frag_offset 1000000000000 is not a boundary" },
        { "resume_frag_offset", 1L << 62, "is not a boundary" },
        { "max_window_bytes", "x", "max_window_bytes is 'x'" },
        { "resume_window_bytes", new byte[] { 0 }, "resume_window_bytes is x'00'" },
        { "max_chunk_size", "big", "max_chunk_size is 'big'" },
        { "exclude_filter_site_id", 1, "exclude_filter_site_id requires a non-NULL site_id" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Input_is_refused_with_its_name_and_value_when_it_fits_nothing(string column, object? value, string message)
    {
        using Database database = NewDatabase();
        (string, object?)[] cursor = [("resume_db_version", 1), ("resume_seq", 1), ("resume_frag_offset", 0)];
        List<(string, object?)> inputs = [.. cursor.Where(input => input.Item1 != column), (column, value)];
        SqlException failure = Assert.Throws<SqlException>(() => ChunkRow.Read(database, inputs));
        Assert.Contains(message, failure.Text);
        Assert.Equal(1, failure.Code);
    }

    [Theory]
    [InlineData("since_db_version")]
    [InlineData("site_id")]
    [InlineData("until_db_version")]
    [InlineData("exclude_filter_site_id")]
    [InlineData("resume_db_version")]
    [InlineData("resume_seq")]
    [InlineData("resume_frag_offset")]
    [InlineData("max_window_bytes")]
    [InlineData("resume_window_bytes")]
    [InlineData("max_chunk_size")]
    public void Input_counts_as_not_given_when_it_is_null(string column)
    {
        using Database database = NewDatabase();
        string[] expected = [.. ChunkRow.Read(database, []).Select(chunk => chunk.Describe())];
        Assert.Equal(expected, ChunkRow.Read(database, [(column, null)]).Select(chunk => chunk.Describe()));
    }

    [Theory]
    [InlineData("since_db_version", long.MaxValue)]
    [InlineData("until_db_version", -1L)]
    [InlineData("resume_db_version", long.MaxValue)]
    public void Scan_is_empty_when_the_window_is_behind_everything(string column, long value)
    {
        using Database database = NewDatabase();
        Assert.Empty(ChunkRow.Read(database, [(column, value)]));
    }

    [Fact]
    public void Drain_goes_on_with_the_next_row_when_a_value_was_rewritten_between_two_pages()
    {
        using Database database = NewDatabase();
        ChunkRow first = ChunkRow.Read(database, [("resume_db_version", 1), ("resume_seq", 1), ("max_chunk_size", 262_144)], onlyFirst: true)[0];
        Assert.True(first.NextOffset > 0);
        database.Exec("UPDATE t SET a = 'short' WHERE id = 'x'");
        ChunkRow second = ChunkRow.Read(database, [.. first.Resume([("max_chunk_size", 262_144)])], onlyFirst: true)[0];
        Assert.Equal(2, second.Payload[4]);
        Assert.Equal(1, second.Min);
    }

    [Fact]
    public void Resume_is_refused_when_the_chunk_size_changed_inside_a_value()
    {
        using Database database = NewDatabase();
        ChunkRow first = ChunkRow.Read(database, [("resume_db_version", 1), ("resume_seq", 1), ("max_chunk_size", 262_144)], onlyFirst: true)[0];
        SqlException failure = Assert.Throws<SqlException>(() => ChunkRow.Read(database, first.Resume([("max_chunk_size", 300_000)])));
        Assert.Contains($"resume_frag_offset {first.NextOffset} is not a boundary at (db_version 1, seq 1)", failure.Text);
    }

    [Fact]
    public void Window_ends_at_a_version_when_its_byte_budget_is_spent()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t')");
        for (int i = 0; i < 10; i++)
        {
            database.Run("INSERT INTO t VALUES (?, zeroblob(1000)), (?, zeroblob(1000))", "a" + i, "b" + i);
        }

        object?[] last = database.Query(
            "SELECT rows, db_version_max, watermark_db_version, next_db_version, next_seq, is_final, window_capped, window_bytes"
            + " FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_window_bytes = 5000")[^1];
        Assert.Equal([6L, 3L, 3L, 3L, 0L, 1L, 1L], last[..7]);
        Assert.InRange((long)last[7]!, 6000, 7000);
        Assert.Equal(10L, database.Scalar("SELECT watermark_db_version FROM cloudsync_payload_chunks WHERE since_db_version = 9 AND max_window_bytes = 5000"));
    }

    [Fact]
    public void Plan_is_the_same_when_no_payload_is_read()
    {
        using Database database = NewDatabase();
        const string Numbers = "rows, db_version_min, db_version_max, next_db_version, next_seq, next_frag_offset, is_final, window_bytes";
        string from = "FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_chunk_size = 262144";
        List<object?[]> full = database.Query($"SELECT {Numbers}, payload {from}");
        Assert.Equal(full.Select(row => string.Join(",", row[..8])), database.Query($"SELECT {Numbers} {from}").Select(row => string.Join(",", row)));
    }

    [Fact]
    public void Table_cannot_be_written_or_created_when_asked()
    {
        using Database database = NewDatabase();
        Assert.Equal("table cloudsync_payload_chunks may not be modified",
            Assert.Throws<SqlException>(() => database.Exec("DELETE FROM cloudsync_payload_chunks")).Text);
        Assert.Equal("no such module: cloudsync_payload_chunks",
            Assert.Throws<SqlException>(() => database.Exec("CREATE VIRTUAL TABLE x USING cloudsync_payload_chunks")).Text);
        Assert.Contains("too many arguments", Assert.Throws<SqlException>(
            () => database.Query("SELECT * FROM cloudsync_payload_chunks(1,2,3,4,5,6,7,8,9,10,11)")).Text);
    }

    [Theory]
    [InlineData("DEFAULT 'short'", "short")]
    [InlineData("DEFAULT x'0102'", new byte[] { 1, 2 })]
    [InlineData("DEFAULT 7", 7L)]
    public void Default_of_an_added_column_is_read_when_its_row_has_a_long_value(string declaration, object value)
    {
        using Database database = Database.Open();
        using Database target = Database.Open();
        foreach (Database each in (Database[])[database, target])
        {
            each.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t')");
            if (each == database)
            {
                each.Exec("INSERT INTO t VALUES ('k', zeroblob(300000), hex(zeroblob(100000))), ('l', 1, 2)");
            }

            each.Exec($"SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN d {declaration}; SELECT cloudsync_commit_alter('t')");
        }

        database.Exec("INSERT INTO t VALUES ('m', zeroblob(300000), 1, 'stored'), ('n', zeroblob(300000), 1, 2)");
        Assert.Equal(value, database.Scalar("SELECT col_value FROM cloudsync_changes WHERE pk = cloudsync_pk_encode('k') AND col_name = 'd'"));
        foreach (ChunkRow chunk in ChunkRow.Drain(database, [("since_db_version", 0L), ("max_chunk_size", 262_144)]))
        {
            target.Scalar("SELECT cloudsync_payload_apply(?)", chunk.Payload);
        }

        Assert.Equal(value, target.Scalar("SELECT d FROM t WHERE id = 'k'"));
        Assert.Equal(1L, target.Scalar("SELECT count(*) FROM t WHERE id = 'k' AND a = zeroblob(300000) AND b = hex(zeroblob(100000))"));
        Assert.Equal("stored", target.Scalar("SELECT d FROM t WHERE id = 'm'"));
    }

    [Fact]
    public void Corrupt_clock_row_is_named_when_a_scan_meets_it()
    {
        using Database database = NewDatabase();
        database.Deviates(Deviation.Damaged, "clock rows are damaged on purpose");
        database.Exec("UPDATE t_cloudsync SET seq = NULL WHERE col_name = 'b'");
        SqlException failure = Assert.Throws<SqlException>(() => ChunkRow.Read(database, Window));
        Assert.Contains("t_cloudsync", failure.Text);
        Assert.Contains("seq is NULL", failure.Text);
        database.Exec("UPDATE t_cloudsync SET seq = 2, site_id = 77 WHERE col_name = 'b'");
        failure = Assert.Throws<SqlException>(() => ChunkRow.Read(database, [.. Window, ("site_id", new byte[] { 1 }), ("exclude_filter_site_id", 1)]));
        Assert.Contains("site_id is 77", failure.Text);
    }

    [Fact]
    public void Scan_is_refused_when_nothing_was_initialised()
    {
        using Database database = Database.Open();
        Assert.Equal(
            "cloudsync is not initialized: call SELECT cloudsync_init('<table_name>') to enable sync on a table before querying"
            + " cloudsync_payload_chunks.", Assert.Throws<SqlException>(() => ChunkRow.Read(database, [])).Text);
        Assert.StartsWith("cloudsync has no tables configured for sync.",
            Assert.Throws<SqlException>(() => database.Query("SELECT * FROM cloudsync_changes")).Text);
    }

    [Fact]
    public void Two_scans_do_not_disturb_each_other_when_open_at_once()
    {
        using Database database = NewDatabase();
        long chunks = (long)database.Scalar("SELECT count(*) FROM cloudsync_payload_chunks WHERE max_chunk_size = 262144")!;
        Assert.Equal(chunks * chunks, database.Scalar(
            "SELECT count(*) FROM cloudsync_payload_chunks a, cloudsync_payload_chunks b WHERE a.max_chunk_size = 262144 AND b.max_chunk_size = 262144"));
    }

    /// <summary>One transaction: a small row, then a value of 700,000 bytes at seq 1, then a small value.</summary>
    private static Database NewDatabase()
    {
        Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');"
            + " CREATE TABLE s(id TEXT PRIMARY KEY NOT NULL, v); SELECT cloudsync_init('s')");
        database.Exec("BEGIN; INSERT INTO s VALUES ('s', 1); INSERT INTO t VALUES ('x', zeroblob(700000), 5); COMMIT");
        return database;
    }
}
