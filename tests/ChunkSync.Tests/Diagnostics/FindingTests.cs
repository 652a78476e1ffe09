using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;
using ChunkSync.Tests.Receive;

namespace ChunkSync.Tests.Diagnostics;

/// <summary>Every finding of <c>cloudsync_check</c> has a database that makes it, and its cure, pasted, removes it.</summary>
public class FindingTests
{
    private const string Plain = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('x', 1, 1), ('y', 2, 2);";
    private const string Rebuild = "CREATE TABLE n(id TEXT PRIMARY KEY NOT NULL, a, b); INSERT INTO n SELECT * FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;";
    private const string Tree = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, up TEXT); SELECT cloudsync_init('t'); SELECT cloudsync_tree_init('t', 'up', NULL); INSERT INTO t VALUES ('a', NULL), ('b', NULL);";
    private const string Ranges = "CREATE TABLE cloudsync_receive_ranges(site_id BLOB NOT NULL, from_db_version INTEGER NOT NULL, from_seq INTEGER NOT NULL, from_frag_offset INTEGER NOT NULL,"
        + " to_db_version INTEGER NOT NULL, to_seq INTEGER NOT NULL, to_frag_offset INTEGER NOT NULL, last_db_version INTEGER, last_seq INTEGER,"
        + " PRIMARY KEY (site_id, from_db_version, from_seq, from_frag_offset)) WITHOUT ROWID;";
    private const string Waiting = """
        CREATE TABLE cloudsync_waiting_changes(tbl TEXT NOT NULL COLLATE NOCASE, pk BLOB NOT NULL, col_name TEXT NOT NULL COLLATE NOCASE, col_value,
          col_version INTEGER NOT NULL, db_version INTEGER NOT NULL, site_id BLOB NOT NULL, cl INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(tbl, pk, col_name)) WITHOUT ROWID;
        CREATE TABLE cloudsync_waiting_rows(tbl TEXT NOT NULL COLLATE NOCASE, pk BLOB NOT NULL, reason TEXT NOT NULL, text TEXT, needs_tbl TEXT COLLATE NOCASE, needs_pk BLOB,
          tries INTEGER NOT NULL, since INTEGER NOT NULL, last_try INTEGER NOT NULL, turn INTEGER NOT NULL, origin BLOB NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY(tbl, pk)) WITHOUT ROWID;
        CREATE TABLE cloudsync_waiting_sites(origin BLOB PRIMARY KEY, changes INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
        """;

    /// <summary>There is no cure in SQL; there is one, and it is tried; there is one whose function is tried where it is made.</summary>
    private const string None = "none";
    private const string Pasted = "pasted";
    private const string Shown = "shown";

    /// <summary>Id, SQL that makes it, whether only a deep check finds it, and what there is as a cure.</summary>
    public static TheoryData<string, string, bool, string> All => new()
    {
        { "D01", Plain + "DROP TRIGGER cloudsync_after_update_t", false, Pasted },
        { "D01", Plain + "DROP TRIGGER cloudsync_after_insert_t; CREATE TRIGGER cloudsync_after_insert_t AFTER INSERT ON t BEGIN SELECT 1; END", false, Pasted },
        { "D02", Plain + "ALTER TABLE t ADD COLUMN c DEFAULT 5", false, Pasted },
        { "D02", Plain + "BEGIN; SELECT cloudsync_begin_alter('t')", false, Pasted },
        { "D02", Plain + "ALTER TABLE t RENAME COLUMN b TO c; UPDATE cloudsync_table_settings SET key = 'was' WHERE key = 'chunksync_examined'", false, Pasted },
        { "D03", Plain + "DROP INDEX t_cloudsync_pos_idx", false, Pasted },
        { "D04", Plain + "ALTER TABLE t RENAME COLUMN b TO c", false, Pasted },
        { "D04", Plain + "SELECT cloudsync_disable('t'); INSERT INTO t VALUES ('z', 3, 3); SELECT cloudsync_enable('t')", false, Pasted },
        { "D05", Plain + "CREATE TABLE u(id TEXT PRIMARY KEY NOT NULL); SELECT cloudsync_init('u'); DROP TABLE u", false, Pasted },
        { "D05", Plain + "ALTER TABLE t RENAME TO \"new t\"", false, Pasted },
        { "D05", Plain + "ALTER TABLE t RENAME COLUMN b TO c", true, Pasted },
        { "D06", Plain + "SELECT cloudsync_disable('t'); DELETE FROM t; SELECT cloudsync_enable('t'); DELETE FROM cloudsync_table_settings WHERE key = 'chunksync_uncaptured'", true, Pasted },
        { "D07", Plain + "SELECT cloudsync_disable('t'); INSERT INTO t VALUES ('z', 3, 3); SELECT cloudsync_enable('t'); DELETE FROM cloudsync_table_settings WHERE key = 'chunksync_uncaptured'", true, Pasted },
        { "D08", "CREATE TABLE t(id INTEGER PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t', 'cls', 1)", false, None },
        { "D09", "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a NOT NULL, b NOT NULL DEFAULT 1); SELECT cloudsync_init('t', 'cls', 2)", false, None },
        { "D10", Plain + "INSERT INTO cloudsync_payload_fragments VALUES ('v', 0, 2, 9, 'c', 1000, 't', x'01', 'a', 1, 1, x'01', 1, 0, x'00')", false, Pasted },
        { "D11", Plain + "SELECT cloudsync_set('send_dbversion', 99)", false, Pasted },
        { "D11", Plain + "INSERT INTO cloudsync_settings VALUES ('waiting_dbversion', '99')", false, Pasted },
        { "D12", Plain + "INSERT INTO cloudsync_site_id(site_id) VALUES (x'0102')", true, None },
        { "D15", "PRAGMA foreign_keys = ON;" + Plain + "CREATE TABLE c(id TEXT PRIMARY KEY NOT NULL, t REFERENCES t); SELECT cloudsync_init('c')", false, Pasted },
        { "D16", Plain + "CREATE TABLE mycloudsync(x)", false, Pasted },
        { "D16", Plain + "CREATE TABLE \"odd \"\"_cloudsync\"(x)", false, Pasted },
        { "D17", Plain + "CREATE UNIQUE INDEX one ON t(a)", false, None },
        { "D18", "CREATE TABLE t(id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t', 'cls', 4)", false, None },
        { "D19", Plain + "CREATE TABLE c(id TEXT PRIMARY KEY NOT NULL, t REFERENCES t ON DELETE CASCADE); SELECT cloudsync_init('c')", false, None },
        { "D20", Plain + "CREATE TRIGGER echo AFTER INSERT ON t BEGIN UPDATE t SET b = 7 WHERE id = NEW.id; END", false, Pasted },
        { "D20", Plain + "CREATE TRIGGER \"an echo\" AFTER UPDATE OF a ON t FOR EACH ROW WHEN NEW.a > 1 -- why\nBEGIN INSERT OR IGNORE INTO [t] VALUES (NEW.a, 1, 1); END", false, Pasted },
        { "D20", Plain + "CREATE TRIGGER echo AFTER DELETE ON t WHEN CASE WHEN OLD.a THEN 1 END BEGIN DELETE FROM \"t\" WHERE a = OLD.a; END", false, Pasted },
        { "D21", Plain + "CREATE TRIGGER no BEFORE UPDATE ON t WHEN NEW.a = 9 BEGIN SELECT RAISE(ABORT, 'no'); END", false, Pasted },
        { "D22", Plain + Rebuild, false, Pasted },
        { "D23", Plain + "INSERT INTO cloudsync_changes VALUES ('t', cloudsync_pk_encode('x'), 'a', 5, 9, 9, cloudsync_siteid(), 1, 0)", false, Pasted },
        { "D24", Plain + "INSERT INTO cloudsync_settings VALUES ('chunksync_booked_news:0102', '3 1700000000 0 0102 t'); INSERT INTO cloudsync_settings VALUES ('chunksync_booked_news:03', 'garbage');"
            + Ranges, false, Pasted },
        { "D25", Plain + Waiting + "INSERT INTO cloudsync_waiting_rows VALUES ('t', x'01', 'constraint', 'UNIQUE constraint failed: t.a', NULL, NULL, 3, 1000, 1000, 1, x'', 10)", false, Shown },
        { "D26", Plain + Waiting + "INSERT INTO cloudsync_waiting_sites VALUES (x'0102', 900000, 5)", false, Shown },
        { "D27", Plain + Waiting + "INSERT INTO cloudsync_waiting_rows VALUES ('t', x'01', 'column', 'no column', NULL, NULL, 3, 1000, 1000, 1, x'', 10);"
            + "INSERT INTO cloudsync_waiting_changes VALUES ('t', x'01', 'new', 1, 1, 1, x'01', 1, 0)", false, Shown },
        { "D27", Plain + "INSERT INTO cloudsync_settings VALUES ('ignored:old', '1')", false, None },
        { "D27", "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a INTEGER); SELECT cloudsync_init('t'), cloudsync_set('skip_schema_hash_check', 1);"
            + " SELECT cloudsync_payload_apply(cloudsync_payload_encode('t', cloudsync_pk_encode('x'), 'a', '5', 1, 1, x'07', 1, 0))", false, None },
        { "D28", "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE ON CONFLICT IGNORE); SELECT cloudsync_init('t')", false, None },
        { "D29", Plain + "DELETE FROM t", true, None },
        { "D30", Plain + "INSERT OR REPLACE INTO cloudsync_settings VALUES ('check_seq', 'abc')", false, Pasted },
        { "D30", Plain + "DELETE FROM cloudsync_schema_versions", false, Pasted },
        { "D30", Plain + "DROP TABLE t_cloudsync", false, None },
        { "D30", Plain + "DELETE FROM cloudsync_site_id", false, None },
        { "D30", Plain + Ranges + "INSERT INTO cloudsync_receive_ranges VALUES (x'0102', 'a', 0, 0, 2, 0, 0, NULL, NULL)", false, Pasted },
        { "D30", Plain + Ranges + "INSERT INTO cloudsync_receive_ranges VALUES ('text', 1, 0, 0, 2, 0, 0, NULL, NULL)", false, Pasted },
        { "D30", Plain + Waiting + "INSERT INTO cloudsync_waiting_changes VALUES ('t', 'no blob', 'a', 1, 1, 1, x'01', 1, 0)", true, Pasted },
        { "D30", Plain + "INSERT INTO cloudsync_site_id(site_id) VALUES (x'')", false, Pasted },
        { "D31", "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); INSERT INTO t VALUES ('x', 1); SELECT cloudsync_backfill_begin('t')", false, Pasted },
        { "D33", Plain + "CREATE TRIGGER late AFTER UPDATE ON t WHEN NEW.a = 9 BEGIN SELECT RAISE(IGNORE); END", false, Pasted },
        { "D33", Plain + "CREATE TRIGGER late AFTER DELETE ON t BEGIN SELECT RAISE(FAIL, 'no') WHERE OLD.a = 9; END", false, Pasted },
        { "D01", Tree + "DROP TRIGGER cloudsync_after_insert_t", false, Pasted },
        { "D32", Tree + "DROP TABLE t_tree_log", false, Pasted },
        { "D32", Tree + "DELETE FROM t_tree_log", false, Pasted },
        { "D32", Tree + "SELECT cloudsync_set('tree_catchup', 'deferred'); INSERT INTO cloudsync_changes VALUES ('t_treeops', cloudsync_pk_encode(9, x'00112233445566778899aabbccddeeff', 'b', 'a', x''),"
            + " '__[RIP]__', NULL, 1, 5, x'00112233445566778899aabbccddeeff', 1, 0)", false, Pasted },
    };

    [Theory]
    [MemberData(nameof(All))]
    public void Finding_is_there_and_its_cure_removes_it(string id, string sql, bool deep, string cure)
    {
        using Database database = Database.Open();
        database.Deviates(Deviation.Damaged, "that is what is looked for");
        database.Exec(sql);
        if (deep)
        {
            Assert.DoesNotContain(id, Ids(database, deep: false));
        }

        Assert.Contains(id, Ids(database, deep));
        List<object?[]> found = Findings(database, deep, id);
        Assert.All(found, finding => Assert.True(finding[4] is string { Length: > 20 }, "a finding without a text"));
        NothingIsWritten(database, id);
        string?[] cures = [.. found.Select(finding => finding[5] as string)];
        Assert.Equal(cure != None, cures.All(sql => sql != null));
        if (cure != Pasted)
        {
            return;
        }

        foreach (string? pasted in cures)
        {
            database.Exec(pasted!);
        }

        if (database.InTransaction)
        {
            database.Exec("COMMIT");
        }

        Assert.DoesNotContain(id, Ids(database, deep));
        Assert.Equal("ok", database.Scalar("PRAGMA integrity_check"));
    }

    [Fact]
    public void Every_check_has_a_database_that_makes_its_finding()
    {
        // What needs another kind of database than SQL makes: a hole of yesterday, a file whose bytes are wrong.
        string[] elsewhere = ["D13", "D14"];
        Assert.Equal(
            ChunkSync.Diagnostics.DatabaseCheck.All.Select(check => check.Id).Order(StringComparer.Ordinal),
            All.Select(row => (string)row[0]).Concat(elsewhere).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(ChunkSync.Diagnostics.DatabaseCheck.All.Count, ChunkSync.Diagnostics.DatabaseCheck.All.Select(check => check.Id).Distinct().Count());
    }

    [Theory]
    [InlineData(Plain)]
    [InlineData("CREATE TABLE k(x INTEGER, y TEXT, v DEFAULT 1, PRIMARY KEY(x, y)) WITHOUT ROWID; SELECT cloudsync_init('k', 'gos'); INSERT INTO k VALUES (1, 'a', 2)")]
    [InlineData(Plain + "SELECT cloudsync_set_filter('t', 'a > 1'); INSERT INTO t VALUES ('z', 0, 0), ('w', 5, 5); UPDATE t SET a = 0 WHERE id = 'w'")]
    [InlineData(Plain + "CREATE TRIGGER asks AFTER INSERT ON t WHEN cloudsync_is_sync('t') = 0 BEGIN UPDATE t SET b = 7 WHERE id = NEW.id; SELECT RAISE(ABORT, 'x') WHERE 0; END")]
    [InlineData(Plain + "CREATE TABLE log(x); CREATE TRIGGER logs AFTER UPDATE OF a ON t BEGIN INSERT INTO log VALUES ('UPDATE t SET a'); END")]
    [InlineData(Plain + "SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN c DEFAULT 5; SELECT cloudsync_commit_alter('t'); INSERT INTO t VALUES ('z', 1, 1, 1)")]
    public void Nothing_is_found_when_nothing_is_wrong(string sql)
    {
        using Database database = Database.Open();
        database.Exec(sql);
        Assert.Empty(database.Query("SELECT id, text FROM cloudsync_check(NULL, 1)").Select(row => $"{row[0]} {row[1]}"));
        database.Exec("BEGIN");
        Assert.Empty(database.Query("SELECT id, text FROM cloudsync_check").Select(row => $"{row[0]} {row[1]}"));
        database.Exec("ROLLBACK");
    }

    [Fact]
    public void Waiting_change_is_found_and_lands_with_the_cure_when_its_cause_is_gone()
    {
        using Database sender = Database.Open();
        using Database receiver = Database.Open();
        sender.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('s', 7, 7), ('u', 8, 8)");
        receiver.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE, b); SELECT cloudsync_init('t'), cloudsync_set('apply_refused', 'wait'); INSERT INTO t VALUES ('r', 7, 0)");
        receiver.Scalar("SELECT cloudsync_payload_apply(?)", sender.Scalar("SELECT payload FROM cloudsync_payload_chunks"));
        object?[] found = Assert.Single(Findings(receiver, deep: true, "D25"));
        Assert.Equal(["info", "t", 1L], [found[0], found[1], found[3]]);
        Assert.Contains("UNIQUE constraint failed: t.a", (string)found[4]!);
        Assert.Equal(["wait", 1L, 2L, 1L, 1L], receiver.Query("SELECT apply_refused, waiting, waiting_changes, last_apply_aside, last_apply_waited FROM cloudsync_status")[0]);
        Assert.Equal(["t 'u' insert"], receiver.Query("SELECT tbl || ' ' || key || ' ' || kind FROM cloudsync_applied").Select(row => row[0]));
        receiver.Exec("UPDATE cloudsync_waiting_rows SET since = 1000");
        Assert.Equal("warning", Findings(receiver, deep: false, "D25").Single()[0]);
        Assert.Equal(1000L, receiver.Scalar("SELECT waiting_oldest FROM cloudsync_status"));
        receiver.Exec("UPDATE t SET a = 6 WHERE id = 'r';" + found[5]);
        Assert.Empty(Findings(receiver, deep: true, "D25"));
        Assert.Equal(["t 's' insert"], receiver.Query("SELECT tbl || ' ' || key || ' ' || kind FROM cloudsync_applied").Select(row => row[0]));
    }

    [Fact]
    public void Column_of_others_is_found_and_is_ignored_with_the_cure()
    {
        using Database sender = Database.Open();
        using Database receiver = Database.Open();
        sender.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, added); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('s', 7, 7), ('u', 8, 8)");
        receiver.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t'), cloudsync_set('apply_refused', 'wait'), cloudsync_set('schema_check', 'names')");
        receiver.Scalar("SELECT cloudsync_payload_apply(?)", sender.Scalar("SELECT payload FROM cloudsync_payload_chunks"));
        Assert.Equal(["t", "added", 2L], Assert.Single(Findings(receiver, deep: true, "D27"))[1..4]);
        Assert.Null(Assert.Single(Findings(receiver, deep: true, "D25"))[5]);
        receiver.Exec((string)Findings(receiver, deep: true, "D27")[0][5]!);
        Assert.Empty(Findings(receiver, deep: true, "D25"));
        Assert.Null(Assert.Single(Findings(receiver, deep: true, "D27"))[5]);
        Assert.Equal("names", receiver.Scalar("SELECT schema_check FROM cloudsync_status"));
    }

    [Fact]
    public void Converted_values_are_counted_until_their_column_has_another_type()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a INTEGER, b TEXT); SELECT cloudsync_init('t'), cloudsync_set('schema_check', 'names')");
        const string Send = "SELECT cloudsync_payload_apply(cloudsync_payload_encode('t', cloudsync_pk_encode(i), c, v, 1, 1, x'07', 1, i)) FROM (SELECT {0} AS c, column1 AS i, column2 AS v FROM (VALUES {1}))";
        database.Exec(string.Format(null, System.Text.CompositeFormat.Parse(Send), "'a'", "(1, '5'), (2, 6), (3, '7'), (4, 'x')"));
        database.Exec("BEGIN;" + string.Format(null, System.Text.CompositeFormat.Parse(Send), "'b'", "(1, 5), (2, 6)") + "; ROLLBACK");
        Assert.Equal(["t", "a", 2L], Assert.Single(Findings(database, deep: false, "D27"))[1..4]);
        database.Exec(string.Format(null, System.Text.CompositeFormat.Parse(Send), "'a'", "(5, '5')"));
        Assert.Equal(["t", "a", 3L], Assert.Single(Findings(database, deep: false, "D27"))[1..4]);
        database.Exec("SELECT cloudsync_begin_alter('t'); CREATE TABLE n(id TEXT PRIMARY KEY NOT NULL, a, b TEXT); INSERT INTO n SELECT * FROM t; DROP TABLE t;"
            + " ALTER TABLE n RENAME TO t; SELECT cloudsync_commit_alter('t')");
        Assert.Empty(Findings(database, deep: false, "D27"));
    }

    [Fact]
    public void Hole_is_found_when_it_is_older_than_a_day()
    {
        using Database sender = ReceivePair.NewSender(15);
        using Database receiver = ReceivePair.NewReceiver();
        byte[] site = ReceivePair.SiteOf(sender);
        List<SentChunk> chunks = SentChunk.Window(sender, ReceivePair.Stream, 0);
        Assert.True(chunks.Count > 3);
        chunks[0].Receive(receiver, site);
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM cloudsync_settings WHERE key LIKE 'chunksync%'"));
        chunks[2].Receive(receiver, site);
        chunks[3].Receive(receiver, site);
        Assert.Empty(Findings(receiver, deep: false, "D13"));
        receiver.Exec("UPDATE cloudsync_settings SET value = 1700000000 WHERE key LIKE 'chunksync_gap_since:%'");
        object?[] found = Assert.Single(Findings(receiver, deep: false, "D13"));
        Assert.Equal("x'" + Convert.ToHexStringLower(site) + "'", found[2]);
        chunks[1].Receive(receiver, site);
        Assert.Empty(Findings(receiver, deep: false, "D13"));
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM cloudsync_settings WHERE key LIKE 'chunksync%'"));
    }

    [Fact]
    public void Damage_is_found_when_the_check_is_deep()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a CHECK (a < 5)); SELECT cloudsync_init('t'); PRAGMA ignore_check_constraints = ON;"
            + " INSERT INTO t VALUES ('x', 9); PRAGMA ignore_check_constraints = OFF");
        Assert.Contains("D14", Ids(database, deep: true));
        Assert.DoesNotContain("D14", Ids(database, deep: false));
    }

    /// <summary>The same findings on a read-only file, of which no byte changes.</summary>
    private static void NothingIsWritten(Database database, string id)
    {
        if (database.InTransaction)
        {
            return;
        }

        string[] found = Ids(database, deep: true);
        int written = NativeSqlite.TotalChanges(database.Handle);
        database.Exec("PRAGMA query_only = ON");
        Assert.Equal(found, Ids(database, deep: true));
        database.Exec("PRAGMA query_only = OFF; BEGIN");
        Assert.Equal(found, Ids(database, deep: true));
        database.Exec("COMMIT");
        Assert.Equal(written, NativeSqlite.TotalChanges(database.Handle));
        using TempFile file = new();
        Database.OpenCopy(database, file.Path).Dispose();
        byte[] bytes = File.ReadAllBytes(file.Path);
        using (Database reader = Database.Open(file.Path, readOnly: true))
        {
            reader.Deviates(Deviation.Damaged, "that is what is looked for");
            reader.Exec(id == "D15" ? "PRAGMA foreign_keys = ON" : "");
            Assert.Equal(found, Ids(reader, deep: true));
        }

        Assert.Equal(bytes, File.ReadAllBytes(file.Path));
    }

    private static string[] Ids(Database database, bool deep) =>
        [.. database.Query($"SELECT id FROM cloudsync_check(NULL, {(deep ? 1 : 0)})").Select(row => (string)row[0]!)];

    private static List<object?[]> Findings(Database database, bool deep, string id) =>
        database.Query($"SELECT severity, tbl, key, n, text, cure FROM cloudsync_check(NULL, {(deep ? 1 : 0)}) WHERE id = ?", id);
}
