using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Sqlite;

/// <summary>Settings of a connection or of a file change what SQLite answers to statements of ours, or how it stores what they write; none may
/// change what the engine does.</summary>
public class PragmaTests
{
    /// <summary>Pragmas that only ask something, and those that are about the process and not about a connection.</summary>
    private static readonly string[] Left =
    [
        "collation_list", "compile_options", "data_store_directory", "data_version", "database_list", "foreign_key_check", "foreign_key_list", "freelist_count",
        "function_list", "hard_heap_limit", "index_info", "index_list", "index_xinfo", "module_list", "page_count", "pragma_list",
        "soft_heap_limit", "table_info", "table_list", "table_xinfo", "temp_store_directory",
    ];

    /// <summary>Every other pragma, with the values that are not the default. An empty value: the pragma does something.</summary>
    private static readonly (string Name, string[] Values)[] Swept =
    [
        ("analysis_limit", ["1"]),
        ("application_id", ["7"]),
        ("auto_vacuum", ["FULL", "INCREMENTAL"]),
        ("automatic_index", ["OFF"]),
        ("busy_timeout", ["1"]),
        ("cache_size", ["1", "-1"]),
        ("cache_spill", ["OFF", "1"]),
        ("case_sensitive_like", ["ON"]),
        ("cell_size_check", ["ON"]),
        ("checkpoint_fullfsync", ["ON"]),
        ("count_changes", ["ON"]),
        ("default_cache_size", ["10"]),
        ("defer_foreign_keys", ["ON"]),
        ("empty_result_callbacks", ["ON"]),
        ("encoding", ["'UTF-16le'", "'UTF-16be'"]),
        ("foreign_keys", ["ON"]),
        ("full_column_names", ["ON"]),
        ("fullfsync", ["ON"]),
        ("ignore_check_constraints", ["ON"]),
        ("incremental_vacuum", [""]),
        ("integrity_check", [""]),
        ("journal_mode", ["DELETE", "TRUNCATE", "PERSIST", "MEMORY", "WAL", "OFF"]),
        ("journal_size_limit", ["0"]),
        ("legacy_alter_table", ["ON"]),
        ("locking_mode", ["EXCLUSIVE"]),
        ("max_page_count", ["100000"]),
        ("mmap_size", ["0", "1000000"]),
        ("optimize", [""]),
        ("page_size", ["512", "65536"]),
        ("query_only", ["OFF"]),
        ("quick_check", [""]),
        ("read_uncommitted", ["ON"]),
        ("recursive_triggers", ["ON"]),
        ("reverse_unordered_selects", ["ON"]),
        ("schema_version", ["1000"]),
        ("secure_delete", ["ON", "FAST"]),
        ("short_column_names", ["OFF", "OFF; PRAGMA full_column_names = ON"]),
        ("shrink_memory", [""]),
        ("synchronous", ["NORMAL", "EXTRA"]),
        ("temp_store", ["FILE", "MEMORY"]),
        ("threads", ["2"]),
        ("trusted_schema", ["OFF"]),
        ("user_version", ["9"]),
        ("wal_autocheckpoint", ["1"]),
        ("wal_checkpoint", [""]),
        ("writable_schema", ["ON"]),
    ];

    private static readonly Lazy<List<string>> Without = new(() => PragmaScenario.Run("", "", ""));

    public static TheoryData<string> Pragmas =>
        [.. Share.Of(
            Swept.Where(pragma => !IsRefused(pragma.Name))
                .SelectMany(pragma => pragma.Values.Select(value => $"PRAGMA {pragma.Name}{(value.Length > 0 ? " = " + value : "")}")),
            parts: 3)];

    [Theory]
    [MemberData(nameof(Pragmas))]
    public void Two_replicas_end_as_without_it_when_a_setting_is_changed(string pragma)
    {
        // REPLACE deletes with this one: other causal lengths, on both sides alike.
        List<string>? without = pragma.Contains("recursive_triggers", StringComparison.Ordinal) ? null : Without.Value;
        List<string> always = PragmaScenario.Run(pragma, pragma, pragma);
        Assert.Equal(without ?? always, always);
        CompareHalves(always);
        CompareHalves(PragmaScenario.Run(pragma, "", pragma));
    }

    [Fact]
    public void Update_is_refused_and_nothing_captured_when_its_columns_come_in_reverse()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('k', 1)");
        foreach (string begin in (string[])["", "BEGIN"])
        {
            database.Exec(begin + "; PRAGMA reverse_unordered_selects = ON");
            Exception? failure = Record.Exception(() => database.Exec("UPDATE t SET a = a + 1"));
            Assert.Equal(IsRefused("reverse_unordered_selects"), failure is SqlException { Text: var text } && text.Contains("PRAGMA reverse", StringComparison.Ordinal));
            database.Exec("PRAGMA reverse_unordered_selects = OFF" + (database.InTransaction ? "; COMMIT" : ""));
        }

        database.Exec("UPDATE t SET a = a + 1");
        Assert.Equal(database.Scalar("SELECT a FROM t"), database.Scalar("SELECT col_version FROM cloudsync_changes"));
        Assert.Equal(NativeSqlite.IsOld ? 2L : 4L, database.Scalar("SELECT a FROM t"));
    }

    [Fact]
    public void Every_pragma_of_this_SQLite_is_swept_or_named_as_left_out()
    {
        using Database database = Database.Open();
        HashSet<object?> known = [.. Left, .. Swept.Select(pragma => pragma.Name)];
        Assert.All(database.Query("SELECT name FROM pragma_pragma_list"), row => Assert.Contains(row[0], known));
    }

    [Fact]
    public void Writes_are_refused_and_reads_work_when_a_connection_is_query_only()
    {
        using Database source = Database.Open();
        using Database target = Database.Open();
        foreach (Database database in (Database[])[source, target])
        {
            database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t'); INSERT INTO t VALUES (hex(randomblob(9)), 1); PRAGMA query_only = ON");
        }

        object? payload = source.Scalar("SELECT payload FROM cloudsync_payload_chunks");
        Assert.Equal(1L, target.Scalar("SELECT count(*) FROM cloudsync_changes"));
        foreach (string sql in (string[])
        [
            "SELECT cloudsync_payload_apply(?1)",
            "INSERT INTO t VALUES (?1, 2)",
            "SELECT cloudsync_set_filter('t', 'a > 0'), ?1",
            "SELECT cloudsync_set('debug', '1'), ?1",
            "SELECT cloudsync_cleanup('t'), ?1",
        ])
        {
            Assert.Equal((sql, 8), (sql, Assert.Throws<SqlException>(() => target.Scalar(sql, payload)).Code));
            Assert.False(target.InTransaction, sql);
        }

        target.Exec("PRAGMA query_only = OFF");
        target.Scalar("SELECT cloudsync_payload_apply(?)", payload);
        Assert.Equal(2L, target.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Write_ends_when_count_changes_gives_it_a_row()
    {
        using Database database = Database.Open();
        database.Exec("PRAGMA count_changes = ON; CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t')");
        byte[] payload = (byte[])database.Scalar("""
            SELECT cloudsync_payload_encode('t', cloudsync_pk_encode('k'), 'a', 5, 1, 7, x'0190a5b0c0de7111a222333344445555', 1, 0)
            """)!;
        nint apply = database.Prepare("SELECT cloudsync_payload_apply(?)");
        Database.Bind(apply, 1, payload);
        Assert.Equal((100, 101), (NativeSqlite.Step(apply), NativeSqlite.Step(apply)));
        Assert.Equal(0, NativeSqlite.Finalize(apply));
        Assert.Equal(5L, database.Scalar("SELECT a FROM t WHERE id = 'k'"));
        Assert.Null(database.BusyStatement());
    }

    /// <summary>SQLite 3.35 passes the columns of an updated row in reverse under this one, to which the engine says so.</summary>
    private static bool IsRefused(string pragma) => NativeSqlite.IsOld && pragma == "reverse_unordered_selects";

    /// <summary>Both replicas show the same changes but for their own positions.</summary>
    private static void CompareHalves(List<string> seen)
    {
        List<string> rows = seen.FindAll(line => line.StartsWith("row ", StringComparison.Ordinal));
        Assert.Equal(rows[..(rows.Count / 2)], rows[(rows.Count / 2)..]);
        Assert.NotEmpty(rows);
    }
}
