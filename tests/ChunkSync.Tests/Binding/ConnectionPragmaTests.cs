using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Binding;

/// <summary>Old settings of a connection change what SQLite answers to statements of ours; none may change what the engine does.</summary>
public class ConnectionPragmaTests
{
    private const string Schema = """
        CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b TEXT DEFAULT 'x');
        CREATE TABLE only_keys(x, y, PRIMARY KEY(x, y));
        CREATE TABLE log(id TEXT PRIMARY KEY NOT NULL, line);
        SELECT cloudsync_init('t'), cloudsync_init('only_keys'), cloudsync_init('log', 'gos');
        """;

    private const string Work = """
        INSERT INTO t(id, a) VALUES ('a', 1), ('b', 2), ('c', 3);
        INSERT INTO only_keys VALUES (1, 2), (3, 4);
        INSERT INTO log VALUES ('1', 'one');
        UPDATE t SET a = a + 10;
        UPDATE t SET id = 'z' WHERE id = 'c';
        INSERT OR REPLACE INTO t(id, a) VALUES ('b', 5);
        INSERT INTO t(id, a) VALUES ('a', 0) ON CONFLICT(id) DO UPDATE SET b = 'y';
        DELETE FROM t WHERE id = 'b';
        INSERT INTO t(id, a) VALUES ('b', 7);
        DELETE FROM only_keys WHERE x = 1;
        INSERT INTO t(id, a) VALUES ('long', zeroblob(700000));
        """;

    private const string Maintenance = """
        SELECT cloudsync_set('payload_max_chunk_size', 262144), cloudsync_set('payload_max_chunk_size', NULL);
        SELECT cloudsync_set_table('t', 'owner', 'me'), cloudsync_set_table('t', 'owner', NULL);
        SELECT cloudsync_set_filter('t', 'a IS NOT 99');
        SELECT cloudsync_clear_filter('t');
        SELECT cloudsync_begin_alter('t');
        ALTER TABLE t ADD COLUMN c DEFAULT 4;
        SELECT cloudsync_commit_alter('t');
        SELECT cloudsync_init('t');
        """;

    private const string State =
        "SELECT tbl, cloudsync_pk_decode(pk, 1), col_name, hex(col_value), col_version, db_version, seq, cl FROM cloudsync_changes ORDER BY db_version, seq, tbl, pk, col_name";

    private static readonly (string Column, object? Value)[] Window = [("since_db_version", 0), ("max_chunk_size", 262_144)];

    public static TheoryData<string> Pragmas =>
    [
        "PRAGMA count_changes = ON",
        "PRAGMA empty_result_callbacks = ON",
        "PRAGMA full_column_names = ON",
        "PRAGMA short_column_names = OFF",
        "PRAGMA full_column_names = ON; PRAGMA short_column_names = OFF",
        "PRAGMA reverse_unordered_selects = ON",
        "PRAGMA case_sensitive_like = ON",
        "PRAGMA legacy_file_format = ON",
        "PRAGMA legacy_alter_table = ON",
        "PRAGMA trusted_schema = OFF",
    ];

    [Theory]
    [MemberData(nameof(Pragmas))]
    public void Two_replicas_end_as_without_it_when_a_connection_setting_is_changed(string pragma)
    {
        Assert.Equal(Run(null), Run(pragma));
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

    /// <summary>What both replicas show in the end, and what the calls return.</summary>
    private static List<string> Run(string? pragma)
    {
        using Database left = Open(pragma);
        using Database right = Open(pragma);
        left.Exec(Work);
        right.Exec("INSERT INTO t(id, a) VALUES ('r', 1), ('long', 2); INSERT INTO only_keys VALUES (5, 6)");
        List<string> seen = [];
        seen.Add("sent " + Send(left, right, receive: true));
        seen.Add("sent " + Send(right, left, receive: false));
        foreach (Database database in (Database[])[left, right])
        {
            database.Exec(Maintenance);
        }

        left.Exec("UPDATE t SET c = 5 WHERE id = 'r'; DELETE FROM t WHERE id = 'z'");
        right.Run(
            "INSERT INTO cloudsync_changes SELECT tbl, pk, col_name, 9, col_version + 1, db_version, x'01', cl, seq FROM cloudsync_changes WHERE tbl = 't' AND col_name = 'a' ORDER BY pk LIMIT 1");
        seen.Add("sent " + Send(left, right, receive: true));
        seen.Add("sent " + Send(right, left, receive: false));
        foreach (Database database in (Database[])[left, right])
        {
            seen.AddRange(database.Query(State).Select(row => string.Join('|', row)));
            seen.AddRange(database.Query("SELECT id, quote(a), b, c FROM t ORDER BY id").Select(row => string.Join('|', row)));
            seen.AddRange(database.Query("SELECT key, value FROM cloudsync_settings WHERE key LIKE '%check%' ORDER BY key").Select(row => string.Join('|', row)));
            seen.AddRange(database.Query("SELECT hash, seq FROM cloudsync_schema_versions ORDER BY seq").Select(row => string.Join('|', row)));
            seen.Add("gaps " + database.Scalar("SELECT count(*) FROM cloudsync_receive_gaps"));
            Assert.Throws<SqlException>(() => database.Exec("UPDATE log SET line = 'two'"));
            Assert.Null(database.BusyStatement());
            Assert.False(database.InTransaction);
            database.Exec("SELECT cloudsync_cleanup('t'), cloudsync_cleanup('only_keys'), cloudsync_cleanup('log')");
            Assert.Equal(0L, database.Scalar("SELECT count(*) FROM sqlite_master WHERE name LIKE '%cloudsync%'"));
        }

        return seen;
    }

    private static Database Open(string? pragma)
    {
        Database database = Database.Open();
        if (pragma != null)
        {
            database.Exec(pragma);
        }

        database.Exec(Schema);
        return database;
    }

    private static string Send(Database from, Database to, bool receive)
    {
        object? site = from.Scalar("SELECT cloudsync_siteid()");
        List<object?> results = [];
        (long Version, long Seq, long Offset) asked = (1, 0, 0);
        foreach (ChunkRow chunk in ChunkRow.Drain(from, Window))
        {
            results.AddRange(receive
                ? to.Query(
                    "SELECT cloudsync_payload_receive(?, ?, ?, ?, ?, ?, ?, ?, ?)", chunk.Payload, site, asked.Version, asked.Seq, asked.Offset,
                    chunk.NextDbVersion, chunk.NextSeq, chunk.NextOffset, chunk.IsFinal).Select(row => row[0])
                : to.Query("SELECT cloudsync_payload_apply(?)", chunk.Payload).Select(row => row[0]));
            asked = (chunk.NextDbVersion, chunk.NextSeq, chunk.NextOffset);
        }

        return string.Join(' ', results);
    }
}
