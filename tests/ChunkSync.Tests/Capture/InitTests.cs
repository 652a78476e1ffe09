using System.Text.Json;
using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Capture;

public class InitTests
{
    public static TheoryData<string, string, string> Refused => new()
    {
        { "", "NULL", "cloudsync_init requires a non-null table parameter" },
        { "", $"'{new string('x', 513)}'", "Table name cannot be longer than 512 characters" },
        { "", "'nope'", "Table nope does not exist" },
        { "CREATE TABLE base(id TEXT PRIMARY KEY); CREATE VIEW t AS SELECT * FROM base", "'t'", "Table t does not exist" },
        { "CREATE TEMP TABLE t(id TEXT PRIMARY KEY)", "'t'", "Table t does not exist" },
        {
            "CREATE TABLE t(a)", "'t'",
            "Rowid only tables are not supported, all primary keys must be explicitly set (table t): declare a PRIMARY KEY; its columns may be"
            + " nullable, but a row with a NULL in one is refused"
        },
        {
            "CREATE TABLE t(id BIGINT PRIMARY KEY, a)", "'t'",
            "Table t uses a single-column INTEGER primary key. For CRDT replication, primary keys must be globally unique. Consider using"
            + " a TEXT primary key with UUIDs or ULID to avoid conflicts across nodes. If you understand the risk and still want to use"
            + " this INTEGER primary key, set the third argument of the cloudsync_init function to 1 to skip this check."
        },
        {
            "CREATE TABLE t(id TEXT PRIMARY KEY, a NOT NULL, b NOT NULL DEFAULT 0, c NOT NULL)", "'t'",
            "All non-primary key columns declared as NOT NULL must have a DEFAULT value. (table t): there is none for a, c"
        },
        { "CREATE TABLE t(id TEXT PRIMARY KEY)", "'t', 'dws'", "CRDT algorithm dws is not yet supported" },
        { "CREATE TABLE t(id TEXT PRIMARY KEY)", "'t', 'xyz'", "Unknown CRDT algorithm name xyz" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Init_refuses_with_its_message_when_a_check_fails(string setup, string arguments, string message)
    {
        using Database database = Database.Open();
        database.Exec(setup);
        List<object?[]> before = database.Query("SELECT * FROM sqlite_master");
        Assert.Equal(message, Assert.Throws<SqlException>(() => database.Scalar($"SELECT cloudsync_init({arguments})")).Text);
        Assert.Equal(before, database.Query("SELECT * FROM sqlite_master"));
        Assert.False(database.InTransaction);
    }

    /// <summary>Cut at its first NUL a name would be that of another table.</summary>
    [Theory]
    [InlineData("cloudsync_init('t' || char(0) || 'x')")]
    [InlineData("cloudsync_init('t', 'gos' || char(0))")]
    [InlineData("cloudsync_backfill_begin('t' || char(0))")]
    [InlineData("cloudsync_cleanup('t' || char(0))")]
    [InlineData("cloudsync_begin_alter('t' || char(0))")]
    [InlineData("cloudsync_recapture('t' || char(0) || 'x')")]
    [InlineData("cloudsync_recapture('t', 'values' || char(0))")]
    [InlineData("cloudsync_set_filter('t' || char(0), 'a > 0')")]
    [InlineData("cloudsync_set_filter('t', 'a > 0' || char(0) || ' AND a < 0')")]
    [InlineData("cloudsync_clear_filter('t' || char(0))")]
    [InlineData("cloudsync_is_enabled('t' || char(0))")]
    [InlineData("cloudsync_set('payload_max_chunk_size' || char(0), 1)")]
    [InlineData("cloudsync_set_table('t' || char(0), 'algo', 'gos')")]
    [InlineData("cloudsync_set_table('t', 'algo', 'cls' || char(0))")]
    [InlineData("cloudsync_set_column('t', 'a' || char(0), 'k', 'v')")]
    [InlineData("cloudsync_col_value('t' || char(0), 'a', cloudsync_pk_encode('k'))")]
    [InlineData("cloudsync_col_value('t', 'a' || char(0), cloudsync_pk_encode('k'))")]
    [InlineData("cloudsync_waiting_retry('t' || char(0))")]
    [InlineData("cloudsync_tree_init('t' || char(0), 'a', NULL)")]
    [InlineData("cloudsync_tree_init('t', 'a' || char(0), NULL)")]
    [InlineData("(SELECT count(*) FROM cloudsync_check('t' || char(0)))")]
    [InlineData("(SELECT count(*) FROM cloudsync_backfill_plan('t' || char(0), 2))")]
    public void Name_is_refused_when_it_has_a_NUL_character(string call)
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('k', 1)");
        List<object?[]> before = database.Query("SELECT * FROM sqlite_master"), settings = database.Query("SELECT * FROM cloudsync_table_settings");
        string text = Assert.Throws<SqlException>(() => database.Scalar("SELECT " + call)).Text;
        Assert.EndsWith("\\0' has a NUL character, shown as \\0: no name, expression or option can have one", text.Replace("\\0x'", "\\0'", StringComparison.Ordinal).Replace("\\0 AND a < 0'", "\\0'", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(before, database.Query("SELECT * FROM sqlite_master"));
        Assert.Equal(settings, database.Query("SELECT * FROM cloudsync_table_settings"));
    }

    [Theory]
    [InlineData("CREATE TABLE t(id INTEGER PRIMARY KEY, a)", "'t', 'cls', 1")]
    [InlineData("CREATE TABLE t(id TEXT PRIMARY KEY, a NOT NULL)", "'t', NULL, 2")]
    [InlineData("CREATE TABLE t(id TEXT PRIMARY KEY, a NOT NULL DEFAULT 0)", "'T', 'CausalLengthSet'")]
    [InlineData("CREATE TABLE t(id TEXT PRIMARY KEY)", "'t', 'GrowOnlySet'")]
    public void Init_returns_the_site_id_when_flags_or_names_allow_it(string setup, string arguments)
    {
        using Database database = Database.Open();
        database.Exec(setup);
        Assert.Equal(
            database.Scalar($"SELECT cloudsync_init({arguments})"), database.Scalar("SELECT lower(hex(cloudsync_siteid()))"));
    }

    [Fact]
    public void Init_refuses_with_misuse_when_the_algorithm_changes()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY); SELECT cloudsync_init('t')");
        SqlException failure = Assert.Throws<SqlException>(() => database.Scalar("SELECT cloudsync_init('t', 'gos')"));
        Assert.Equal(21, failure.Code);
        Assert.Equal("The function cloudsync_cleanup(table) must be called before changing a table algorithm", failure.Text);
    }

    [Theory]
    [InlineData("GrowOnlySet", "Error: DELETE operation is not allowed on table t.")]
    [InlineData("CausalLengthSet", null)]
    public void Algorithm_of_a_table_is_read_when_sqlite_sync_stored_its_long_name(string name, string? refusal)
    {
        using Database database = Database.Open();
        database.Exec($"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t', '{name}'); INSERT INTO t VALUES ('k', 1);"
            + $" UPDATE cloudsync_table_settings SET value = '{name}' WHERE key = 'algo'");
        Assert.Equal(
            database.Scalar($"SELECT cloudsync_init('t', '{name}')"), database.Scalar("SELECT lower(hex(cloudsync_siteid()))"));
        if (refusal == null)
        {
            database.Exec("DELETE FROM t");
            Assert.Equal(0L, database.Scalar("SELECT count(*) FROM t"));
        }
        else
        {
            Assert.Equal(refusal, Assert.Throws<SqlException>(() => database.Exec("DELETE FROM t")).Text);
        }
    }

    [Fact]
    public void Schema_has_the_text_of_sqlite_sync_when_tables_are_initialised()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); CREATE TABLE g(id TEXT, x, y, PRIMARY KEY(x,id));"
            + " SELECT cloudsync_init('t'); SELECT cloudsync_init('g','gos')");
        string[] expected =
        [
            "CREATE TABLE cloudsync_settings (key TEXT PRIMARY KEY NOT NULL COLLATE NOCASE, value TEXT)",
            "CREATE TABLE cloudsync_site_id (site_id BLOB UNIQUE NOT NULL)",
            "CREATE TRIGGER \"cloudsync_after_insert_t\" AFTER INSERT ON \"t\" FOR EACH ROW WHEN cloudsync_is_sync('t') = 0 BEGIN"
            + " SELECT cloudsync_insert('t', NEW.\"id\"); END",
            "CREATE TRIGGER \"cloudsync_after_update_t\" AFTER UPDATE ON \"t\" FOR EACH ROW WHEN cloudsync_is_sync('t') = 0 BEGIN SELECT"
            + " cloudsync_update(table_name, new_value, old_value) FROM (WITH column_data(table_name, new_value, old_value) AS (VALUES"
            + " ('t', NEW.\"id\", OLD.\"id\"), ('t', NEW.\"a\", OLD.\"a\"), ('t', NEW.\"b\", OLD.\"b\")) SELECT table_name, new_value,"
            + " old_value FROM column_data); END",
            "CREATE TRIGGER \"cloudsync_after_delete_t\" AFTER DELETE ON \"t\" FOR EACH ROW WHEN cloudsync_is_sync('t') = 0 BEGIN"
            + " SELECT cloudsync_delete('t',OLD.\"id\"); END",
            "CREATE TRIGGER \"cloudsync_after_insert_g\" AFTER INSERT ON \"g\" FOR EACH ROW WHEN cloudsync_is_sync('g') = 0 BEGIN"
            + " SELECT cloudsync_insert('g', NEW.\"id\",NEW.\"x\"); END",
            "CREATE TRIGGER \"cloudsync_before_update_g\" BEFORE UPDATE ON \"g\" FOR EACH ROW WHEN cloudsync_is_enabled('g') = 1 BEGIN"
            + " SELECT RAISE(ABORT, 'Error: UPDATE operation is not allowed on table g.'); END",
            "CREATE TABLE \"g_cloudsync\" (pk BLOB NOT NULL, col_name TEXT NOT NULL, col_version INTEGER, db_version INTEGER, site_id"
            + " INTEGER DEFAULT 0, seq INTEGER, PRIMARY KEY (pk, col_name)) WITHOUT ROWID",
        ];
        object?[] actual = [.. database.Query("SELECT sql FROM sqlite_master").Select(row => row[0])];
        foreach (string sql in expected)
        {
            Assert.Contains(sql, actual);
        }
    }

    [Fact]
    public void Existing_rows_share_one_version_in_key_order_when_a_table_is_initialised()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); INSERT INTO t VALUES ('z', 1, 2), ('a', 3, 4);"
            + " SELECT cloudsync_init('t')");
        Assert.Equal(
            ["a|a|1|0", "a|b|1|1", "z|a|1|2", "z|b|1|3"],
            database.Query("SELECT cloudsync_pk_decode(pk, 1) || '|' || col_name || '|' || db_version || '|' || seq FROM t_cloudsync"
                + " ORDER BY seq").Select(row => row[0]));
    }

    [Fact]
    public void Repeated_init_captures_what_is_missing_when_capture_was_off()
    {
        using Database database = Database.Open();
        database.Deviates(Deviation.Disabled, "rows are written while capture is off");
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('x', 1);"
            + " SELECT cloudsync_disable('t'); INSERT INTO t VALUES ('y', 2); UPDATE t SET a = 5 WHERE id = 'x'");
        Assert.Equal(1L, database.Scalar("SELECT count(*) FROM t_cloudsync"));
        database.Conforms();
        database.Exec("SELECT cloudsync_init('t')");
        Assert.Equal(2L, database.Scalar("SELECT count(*) FROM t_cloudsync"));
        Assert.Equal(1L, database.Scalar("SELECT col_version FROM t_cloudsync WHERE pk = cloudsync_pk_encode('x')"));
    }

    [Fact]
    public void Schema_hashes_equal_the_recorded_ones_when_tables_are_initialised()
    {
        foreach (string line in File.ReadLines(Fixtures.File("schema_hash_cases.jsonl")))
        {
            JsonElement entry = JsonDocument.Parse(line).RootElement;
            using Database database = Database.Open();
            foreach (JsonElement ddl in entry.GetProperty("ddl").EnumerateArray())
            {
                database.Exec(ddl.GetString()!);
            }

            foreach (JsonElement table in entry.GetProperty("init").EnumerateArray())
            {
                database.Run("SELECT cloudsync_init(?)", table.GetString());
            }

            Assert.Equal(
                entry.GetProperty("hashes_in_order").EnumerateArray().Select(hash => (object?)hash.GetInt64()),
                database.Query("SELECT hash FROM cloudsync_schema_versions ORDER BY seq").Select(row => row[0]));
        }
    }
}
