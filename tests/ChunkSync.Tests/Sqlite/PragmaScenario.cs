using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Sqlite;

/// <summary>Two replicas that write, send each other what they have, alter their tables and send again: what is shown in the end, and what
/// the calls return, must not depend on a setting of the connection.</summary>
internal static class PragmaScenario
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
        "SELECT tbl, cloudsync_pk_decode(pk, 1), col_name, quote(col_value), col_version, db_version, seq, cl FROM cloudsync_changes ORDER BY db_version, seq, tbl, pk, col_name";

    /// <summary>What a third site's change goes on with: a window of all sites.</summary>
    private const string Everything =
        "SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND site_id = zeroblob(16) AND exclude_filter_site_id = 1";

    /// <summary>How many times SQLite may have run 1000 steps before an operation is taken for one that does not end.</summary>
    private const int MostThousands = 200_000;

    private static readonly (string Column, object? Value)[] Window = [("since_db_version", 0), ("max_chunk_size", 262_144)];

    /// <summary>What both replicas show in the end, and what the calls return.</summary>
    /// <param name="onLeft">SQL that is run first on the left replica's connection.</param>
    /// <param name="onRight">The same for the right one's.</param>
    /// <param name="between">SQL that is run on both when each has heard of the other.</param>
    public static List<string> Run(string onLeft, string onRight, string between)
    {
        using TempFile leftFile = new();
        using TempFile rightFile = new();
        using Database left = Open(leftFile, onLeft);
        using Database right = Open(rightFile, onRight);
        using StepBudget leftBudget = new(left, MostThousands);
        using StepBudget rightBudget = new(right, MostThousands);
        left.Exec(Work);
        right.Exec("INSERT INTO t(id, a) VALUES ('r', 1), ('long', 2); INSERT INTO only_keys VALUES (5, 6)");
        List<string> seen = ["sent " + Send(left, right, receive: true), "sent " + Send(right, left, receive: false)];
        foreach (Database database in (Database[])[left, right])
        {
            database.Exec(between);
            database.Exec(Maintenance);
        }

        left.Exec("UPDATE t SET c = 5 WHERE id = 'r'; DELETE FROM t WHERE id = 'z'");
        right.Run(
            "INSERT INTO cloudsync_changes SELECT tbl, pk, col_name, 9, col_version + 1, db_version, x'01', cl, seq FROM cloudsync_changes WHERE tbl = 't' AND col_name = 'a' ORDER BY pk LIMIT 1");
        seen.Add("sent " + Send(left, right, receive: true));
        seen.Add("sent " + Send(right, left, receive: false));
        right.Query(Everything).ForEach(row => left.Scalar("SELECT cloudsync_payload_apply(?)", row[0]));
        foreach (Database database in (Database[])[left, right])
        {
            seen.AddRange(End(database));
        }

        return seen;
    }

    /// <summary>What a replica shows, and whether it can be taken apart again.</summary>
    private static List<string> End(Database database)
    {
        List<string> seen = [];
        foreach (string sql in (string[])
        [
            State,
            "SELECT 'row t', id, quote(a), b, c FROM t ORDER BY id",
            "SELECT 'row only_keys', x, y FROM only_keys ORDER BY x",
            "SELECT 'row version', tbl, hex(pk), col_name, col_version, cl FROM cloudsync_changes ORDER BY 2, 3, 4",
            "SELECT key, value FROM cloudsync_settings WHERE key LIKE '%check%' ORDER BY key",
            "SELECT hash, seq FROM cloudsync_schema_versions ORDER BY seq",
            "SELECT count(*) FROM cloudsync_receive_gaps",
        ])
        {
            seen.AddRange(database.Query(sql).Select(row => string.Join('|', row)));
        }

        Assert.Throws<SqlException>(() => database.Exec("UPDATE log SET line = 'two'"));
        Assert.Null(database.BusyStatement());
        Assert.False(database.InTransaction);
        Assert.Equal("ok", database.Scalar("SELECT * FROM pragma_integrity_check"));
        database.Exec("SELECT cloudsync_cleanup('t'), cloudsync_cleanup('only_keys'), cloudsync_cleanup('log')");
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM sqlite_master WHERE name LIKE '%cloudsync%'"));
        return seen;
    }

    private static Database Open(TempFile file, string pragma)
    {
        Database database = Database.Open(file.Path);
        database.Exec("PRAGMA synchronous = OFF");
        database.Exec(pragma);
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
