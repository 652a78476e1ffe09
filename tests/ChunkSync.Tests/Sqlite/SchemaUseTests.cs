using ChunkSync.Hosting;
using ChunkSync.Sqlite;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Sqlite;

/// <summary>Where functions and tables may be used besides statements of the program: a file that somebody else made has views, triggers
/// and defaults of its own.</summary>
public class SchemaUseTests
{
    private const string Tracked = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('k', 1);";

    [Fact]
    public void Every_function_and_table_has_its_class_when_they_are_listed()
    {
        // Direct only: what writes files, schema, settings, rows or clocks, or changes what is captured. Innocuous: pure, or called by the
        // triggers of tracked tables. Whoever adds something decides, here and in its definition.
        string[] expected =
        [
            "chunksync_backfill_tick direct only", "chunksync_codec innocuous", "chunksync_connection direct only",
            "chunksync_filtered direct only",
            "chunksync_transaction direct only", "chunksync_version innocuous", "chunksync_writing direct only",
            "chunksync_written direct only", "cloudsync_applied trusted", "cloudsync_backfill_begin direct only", "cloudsync_backfill_plan trusted",
            "cloudsync_backfill_progress trusted", "cloudsync_backfill_run direct only", "cloudsync_backfill_step direct only",
            "cloudsync_begin_alter direct only",
            "cloudsync_changes trusted", "cloudsync_check direct only", "cloudsync_cleanup direct only", "cloudsync_clear_filter direct only",
            "cloudsync_col_value trusted", "cloudsync_commit_alter direct only", "cloudsync_conflicts trusted", "cloudsync_db_version trusted",
            "cloudsync_db_version_next direct only", "cloudsync_delete innocuous", "cloudsync_disable direct only",
            "cloudsync_enable direct only", "cloudsync_entity_hash innocuous", "cloudsync_help innocuous",
            "cloudsync_init direct only", "cloudsync_insert innocuous", "cloudsync_is_enabled innocuous",
            "cloudsync_is_sync innocuous", "cloudsync_new_site direct only", "cloudsync_payload_apply direct only", "cloudsync_payload_blob_checked trusted",
            "cloudsync_payload_chunks trusted", "cloudsync_payload_decode direct only", "cloudsync_payload_encode trusted",
            "cloudsync_payload_filter innocuous", "cloudsync_payload_index innocuous", "cloudsync_payload_load direct only",
            "cloudsync_payload_probe direct only", "cloudsync_payload_probe_plan direct only",
            "cloudsync_payload_receive direct only", "cloudsync_payload_rows innocuous", "cloudsync_payload_run direct only",
            "cloudsync_payload_save direct only", "cloudsync_pk_decode innocuous", "cloudsync_pk_encode innocuous",
            "cloudsync_probe_keys direct only", "cloudsync_probe_set innocuous", "cloudsync_recapture direct only",
            "cloudsync_receive_forget direct only", "cloudsync_receive_gaps trusted", "cloudsync_schema trusted",
            "cloudsync_seq direct only", "cloudsync_set direct only", "cloudsync_set_column direct only",
            "cloudsync_set_filter direct only", "cloudsync_set_schema direct only", "cloudsync_set_table direct only",
            "cloudsync_siteid trusted", "cloudsync_status trusted", "cloudsync_table_schema innocuous", "cloudsync_terminate direct only",
            "cloudsync_text_materialize direct only", "cloudsync_tree_between innocuous", "cloudsync_tree_cleanup direct only",
            "cloudsync_tree_compact direct only", "cloudsync_tree_descendants trusted", "cloudsync_tree_ensure direct only", "cloudsync_tree_init direct only",
            "cloudsync_tree_log trusted", "cloudsync_tree_lost trusted", "cloudsync_tree_path trusted", "cloudsync_tree_pos trusted",
            "cloudsync_tree_status trusted", "cloudsync_tree_verify trusted", "cloudsync_update innocuous", "cloudsync_uuid innocuous",
            "cloudsync_uuid_blob innocuous", "cloudsync_uuid_text innocuous", "cloudsync_version innocuous",
            "cloudsync_waiting trusted", "cloudsync_waiting_drop direct only", "cloudsync_waiting_ignore direct only", "cloudsync_waiting_retry direct only",
        ];
        using Database database = Database.Open();
        Assert.Equal(expected, database.Query("SELECT DISTINCT name || ' ' || in_schema FROM cloudsync_help ORDER BY name").Select(row => row[0]));
    }

    [Fact]
    public void Flags_of_sqlite_follow_the_class_when_functions_are_registered()
    {
        using Database database = Database.Open();
        Assert.Equal(
            Registration.Functions.Select(function => $"{function.Name}/{function.Arity}/{function.Flags}").Order(StringComparer.Ordinal),
            database.Query("SELECT name || '/' || narg || '/' || flags FROM pragma_function_list WHERE name LIKE 'c%sync_%' ORDER BY 1")
                .Select(row => (string)row[0]!));
    }

    [Fact]
    public void Files_stay_when_a_view_or_trigger_would_write_them()
    {
        using TempFile file = new();
        File.WriteAllText(file.Path, "precious");
        using Database database = Database.Open();
        database.Exec(Tracked + $"CREATE VIEW v AS SELECT cloudsync_payload_save('{file.Path}') AS x; CREATE TABLE bait(x);"
            + $"CREATE TRIGGER hook AFTER INSERT ON bait BEGIN SELECT cloudsync_payload_save('{file.Path}'); END;");
        Assert.Equal("unsafe use of cloudsync_payload_save()", Assert.Throws<SqlException>(() => database.Query("SELECT * FROM v")).Text);
        Assert.Equal("unsafe use of cloudsync_payload_save()", Assert.Throws<SqlException>(() => database.Exec("INSERT INTO bait VALUES (1)")).Text);
        Assert.Equal("precious", File.ReadAllText(file.Path));

        // What the program makes for itself is not somebody else's schema.
        database.Exec($"CREATE TEMP VIEW mine AS SELECT cloudsync_payload_save('{file.Path}') AS x");
        Assert.True((long)database.Scalar("SELECT * FROM mine")! > 0);
    }

    [Theory]
    [InlineData("INSERT INTO bait VALUES (1)")]
    [InlineData("PRAGMA integrity_check")]
    [InlineData("SELECT cloudsync_payload_load('{0}')")]
    public void Files_stay_when_a_check_constraint_would_touch_them(string use)
    {
        using TempFile file = new();
        File.WriteAllText(file.Path, "precious");
        using Database database = Database.Open();
        database.Exec(Tracked);
        try
        {
            database.Exec($"""
                PRAGMA ignore_check_constraints = ON;
                CREATE TABLE bait(x CHECK ("cloudsync_Payload_save" /* ' */ ('{file.Path}') + cloudsync_payload_load('{file.Path}') IS NOT 77));
                INSERT INTO bait VALUES (0);
                PRAGMA ignore_check_constraints = OFF;
                """);
        }
        catch (SqlException failure)
        {
            // Newer SQLite does not let the table be made.
            Assert.Contains("unsafe use of", failure.Text);
            return;
        }

        SqlException refused = Assert.Throws<SqlException>(() => database.Query(use.Replace("{0}", file.Path, StringComparison.Ordinal)));
        Assert.Matches("^unsafe use of cloudsync_payload_(save|load)\\(\\): table main.bait calls it in a CHECK constraint$", refused.Text);
        Assert.Equal("precious", File.ReadAllText(file.Path));
    }

    [Theory]
    [InlineData("CREATE TABLE t(x CHECK (f(x)))", true)]
    [InlineData("CREATE TABLE t(x CHECK (F /* a */ -- b\n (x)))", true)]
    [InlineData("CREATE TABLE t(x CHECK (\"f\"(x)))", true)]
    [InlineData("CREATE TABLE t(x CHECK ([f](x)))", true)]
    [InlineData("CREATE TABLE t(x CHECK (`f`(x)))", true)]
    [InlineData("CREATE TABLE t(x CHECK ('it''s' <> f(x)))", true)]
    [InlineData("CREATE TABLE t(x) -- f(x)", false)]
    [InlineData("CREATE TABLE t(x /* f(x) */)", false)]
    [InlineData("CREATE TABLE t(x DEFAULT 'f(x)')", false)]
    [InlineData("CREATE TABLE t(f, x CHECK (ff(x) + f + g.f))", false)]
    [InlineData("CREATE TABLE t(\"f(x)\")", false)]
    [InlineData("CREATE TABLE t(x 'f", false)]
    [InlineData("CREATE TABLE t(\"", false)]
    public void Calls_are_found_in_a_table_when_they_are_calls(string sql, bool expected) =>
        Assert.Equal(expected, SchemaText.Calls(sql, "f"));

    public static TheoryData<bool> Trust => [true, false];

    [Theory]
    [MemberData(nameof(Trust))]
    public void Functions_are_refused_in_a_schema_when_their_class_says_so(bool trusted)
    {
        foreach (FunctionDefinition function in Registration.Functions)
        {
            using Database database = Database.Open();
            database.Exec(Tracked + "PRAGMA trusted_schema = " + (trusted ? "ON" : "OFF"));
            string call = $"{function.Name}({string.Join(", ", Enumerable.Repeat("NULL", Math.Max(function.Arity, 0)))})";
            bool allowed = function.InSchema == SchemaUse.Innocuous || (trusted && function.InSchema == SchemaUse.Trusted);
            Check(allowed, call, database, $"CREATE VIEW v AS SELECT {call}", "SELECT * FROM v");
            Check(allowed, call, database, "CREATE TABLE hooked(x)", $"CREATE TRIGGER hook AFTER INSERT ON hooked BEGIN SELECT {call}; END", "INSERT INTO hooked VALUES (1)");
            if (function.Create == null)
            {
                if (allowed)
                {
                    // Older SQLite refuses only deterministic functions here.
                    Check(true, call, database, $"CREATE TABLE checked(x CHECK ({call} IS NOT 77))", "INSERT INTO checked VALUES (1)");
                }

                Check(allowed, call, database, $"CREATE TABLE filled(x, y DEFAULT ({call}))", "INSERT INTO filled(x) VALUES (1)");
                Check(allowed && function.IsDeterministic, call, database, $"CREATE TABLE made(x, y AS ({call}))", "SELECT * FROM made");
                Check(allowed && function.IsDeterministic, call, database, "CREATE TABLE found(x)", $"CREATE INDEX found_index ON found({call})", "INSERT INTO found VALUES (1)");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Trust))]
    public void Tables_are_refused_in_views_when_their_class_says_so(bool trusted)
    {
        using Database database = Database.Open();
        database.Exec(Tracked);
        foreach (ModuleDefinition module in Registration.Modules)
        {
            database.Exec($"DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT * FROM {module.Name}; PRAGMA trusted_schema = " + (trusted ? "ON" : "OFF"));
            bool allowed = module.InSchema == SchemaUse.Innocuous || (trusted && module.InSchema == SchemaUse.Trusted);
            Assert.Equal(allowed ? null : $"unsafe use of virtual table \"{module.Name}\"", Refusal(database, "SELECT * FROM v"));
            Assert.Null(Refusal(database, "SELECT * FROM " + module.Name));
        }
    }

    [Fact]
    public void Triggers_may_forward_changes_when_the_schema_is_trusted()
    {
        using Database database = Database.Open();
        database.Exec(Tracked + """
            CREATE TABLE inbox(id, value);
            CREATE TRIGGER forward AFTER INSERT ON inbox BEGIN
                INSERT INTO cloudsync_changes VALUES ('t', cloudsync_pk_encode(NEW.id), 'a', NEW.value, 1, 7, x'01', 1, 0);
            END;
            INSERT INTO inbox VALUES ('r', 5);
            """);
        Assert.Equal(5L, database.Scalar("SELECT a FROM t WHERE id = 'r'"));
        database.Exec("PRAGMA trusted_schema = OFF");
        if (!NativeSqlite.IsOld)
        {
            // SQLite 3.35 does not look at what a trigger writes to.
            Assert.Throws<SqlException>(() => database.Exec("INSERT INTO inbox VALUES ('s', 6)"));
        }

        database.Exec("INSERT INTO cloudsync_changes SELECT tbl, pk, col_name, 8, 9, db_version, site_id, cl, seq FROM cloudsync_changes WHERE db_version > 1");
        Assert.Equal(8L, database.Scalar("SELECT a FROM t WHERE id = 'r'"));
    }

    [Fact]
    public void Tracked_tables_are_written_when_the_schema_is_not_trusted()
    {
        using Database database = Database.Open();
        database.Exec("""
            PRAGMA trusted_schema = OFF;
            CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL DEFAULT (cloudsync_uuid()), a);
            CREATE TABLE g(id TEXT PRIMARY KEY NOT NULL, a);
            SELECT cloudsync_init('t'), cloudsync_init('g', 'gos');
            INSERT INTO t(a) VALUES (1), (2);
            UPDATE t SET a = a + 1;
            DELETE FROM t WHERE a = 2;
            INSERT INTO g VALUES ('x', 1);
            """);
        Assert.Equal(3L, database.Scalar("SELECT count(*) FROM cloudsync_changes"));
        SqlException failure = Assert.Throws<SqlException>(() => database.Exec("UPDATE g SET a = 2"));
        Assert.Equal("Error: UPDATE operation is not allowed on table g.", failure.Text);
    }

    [Fact]
    public void Keys_index_and_generate_when_they_are_encoded_in_a_schema()
    {
        using Database database = Database.Open();
        database.Exec("""
            CREATE TABLE made(a, b, pk AS (cloudsync_pk_encode(a, b)) STORED, first AS (cloudsync_pk_decode(cloudsync_pk_encode(a, b), 1)));
            CREATE INDEX made_index ON made(cloudsync_pk_encode(a));
            INSERT INTO made VALUES (1, 'x'), (2, NULL);
            """);
        Assert.Equal(1L, database.Scalar("SELECT first FROM made WHERE pk = cloudsync_pk_encode(1, 'x')"));
        Assert.Equal(2L, database.Scalar("SELECT a FROM made WHERE cloudsync_pk_encode(a) = cloudsync_pk_encode(2)"));
        Assert.Contains("made_index", (string)database.Query("EXPLAIN QUERY PLAN SELECT a FROM made WHERE cloudsync_pk_encode(a) = x'01'")[0][3]!);
        Assert.Equal("ok", database.Scalar("PRAGMA integrity_check"));
    }

    /// <summary>Either nothing says that the use is unsafe, or one of the statements says so and nothing happens.</summary>
    private static void Check(bool allowed, string call, Database database, params string[] statements)
    {
        database.Exec("SAVEPOINT attempt");
        string? refusal = Refusal(database, statements);
        Assert.True(allowed == (refusal == null), $"{call} in {string.Join("; ", statements)}: {refusal ?? "was not refused"}");
        if (database.InTransaction)
        {
            database.Exec("ROLLBACK");
        }
    }

    /// <summary>The text that says that a use is unsafe. What a function or table says of missing arguments is its own matter.</summary>
    private static string? Refusal(Database database, params string[] statements)
    {
        try
        {
            foreach (string sql in statements)
            {
                database.Query(sql);
            }

            return null;
        }
        catch (SqlException failure)
        {
            return failure.Text.Contains("unsafe use of", StringComparison.Ordinal) || failure.Text.Contains("prohibited in", StringComparison.Ordinal)
                ? failure.Text
                : null;
        }
    }
}
