using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Capture;

/// <summary>Every function that changes schema or metadata, inside a transaction that is kept or undone, with a write, a read or an apply
/// behind it: the connection then knows what a new one reads from the file, and captures and sends what a new one would.</summary>
public class TransactionMatrixTests
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');"
        + " CREATE TABLE u(id TEXT PRIMARY KEY NOT NULL, x); INSERT INTO u VALUES ('u1', 1);"
        + " CREATE TABLE w(id TEXT PRIMARY KEY NOT NULL, y); SELECT cloudsync_init('w');"
        + " CREATE TABLE r(id TEXT PRIMARY KEY NOT NULL, up TEXT, pos); SELECT cloudsync_init('r'); INSERT INTO r VALUES ('r1', NULL, 'n0'), ('r2', NULL, 'n1');"
        + " INSERT INTO t VALUES ('k1', 1, 1), ('k2', 2, 2); DELETE FROM t WHERE id = 'k2'; INSERT INTO w VALUES ('w1', 1);";

    private const string Write = "INSERT OR REPLACE INTO t(id, a) VALUES ('n', 1); UPDATE t SET a = 5 WHERE id = 'k1'; DELETE FROM w WHERE id = 'w1';"
        + " INSERT INTO w VALUES ('w1', 2); UPDATE r SET up = 'r1' WHERE id = 'r2'";

    private static readonly byte[] Sender = Convert.FromHexString("0190a5b0c0de7111a222333344445555");

    private static readonly string[] Ends = ["COMMIT", "ROLLBACK", "ROLLBACK TO s; COMMIT"];

    private static readonly string[] Follows = ["write", "read", "apply"];

    /// <summary>What is called, what may deviate while it is in force, and whether it is a setting of the connection, which no new one has.</summary>
    public static TheoryData<string, Deviation, bool> Changes => new()
    {
        { "SELECT cloudsync_init('t')", Deviation.None, false },
        { "SELECT cloudsync_init('u')", Deviation.None, false },
        { "SELECT cloudsync_cleanup('t')", Deviation.None, false },
        { "SELECT cloudsync_cleanup('t'); SELECT cloudsync_init('t')", Deviation.None, false },
        { "SELECT cloudsync_set_filter('t', 'b IS NOT 7')", Deviation.Filter, false },
        { "SELECT cloudsync_set_filter('t', 'b IS NOT 7'); SELECT cloudsync_clear_filter('t')", Deviation.Filter, false },
        { "SELECT cloudsync_begin_alter('t'); SELECT cloudsync_commit_alter('t')", Deviation.None, false },
        { "SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN c DEFAULT 4; SELECT cloudsync_commit_alter('t')", Deviation.None, false },
        { "SELECT cloudsync_begin_alter('t'); ALTER TABLE t DROP COLUMN b; SELECT cloudsync_commit_alter('t')", Deviation.None, false },
        { "SELECT cloudsync_begin_alter('t'); ALTER TABLE t RENAME COLUMN b TO c; SELECT cloudsync_commit_alter('t')", Deviation.None, false },
        { "ALTER TABLE t ADD COLUMN c", Deviation.PlainAlter, false },
        { "ALTER TABLE t RENAME COLUMN b TO c", Deviation.PlainAlter, false },
        { "SELECT cloudsync_set('payload_max_chunk_size', '300000')", Deviation.None, false },
        { "SELECT cloudsync_set_table('t', 'owner', 'me')", Deviation.None, false },
        { "SELECT cloudsync_set_column('t', 'a', 'note', 'x')", Deviation.None, false },
        { "SELECT cloudsync_recapture('t')", Deviation.None, false },
        { "SELECT cloudsync_recapture('t', 'values')", Deviation.None, false },
        { "SELECT cloudsync_backfill_begin('u')", Deviation.None, false },
        { "SELECT cloudsync_backfill_begin('u'); SELECT cloudsync_backfill_step('u', 1)", Deviation.None, false },
        { "SELECT cloudsync_backfill_begin('u'); SELECT cloudsync_backfill_step('u'); SELECT cloudsync_backfill_step('u')", Deviation.None, false },
        { "SELECT cloudsync_receive_forget(x'0190a5b0c0de7111a222333344445555')", Deviation.None, false },
        { "SELECT cloudsync_new_site()", Deviation.None, false },
        { "SELECT cloudsync_new_site(1)", Deviation.None, false },
        { "SELECT cloudsync_waiting_retry(); SELECT cloudsync_waiting_drop('t')", Deviation.None, false },
        { "SELECT cloudsync_waiting_ignore('elsewhere'); SELECT cloudsync_waiting_ignore('t', 'gone')", Deviation.None, false },
        { "SELECT cloudsync_tree_init('r', 'up', 'pos')", Deviation.None, false },
        { "SELECT cloudsync_tree_init('r', 'up', 'pos'); SELECT cloudsync_tree_ensure('r', 'rebuild')", Deviation.None, false },
        { "SELECT cloudsync_tree_init('r', 'up', 'pos'); SELECT cloudsync_tree_compact('r', 0)", Deviation.None, false },
        { "SELECT cloudsync_tree_init('r', 'up', 'pos'); SELECT cloudsync_tree_cleanup('r')", Deviation.None, false },
        { "SELECT cloudsync_tree_init('r', 'up', 'pos'); SELECT cloudsync_cleanup('r')", Deviation.None, false },
        { "SELECT cloudsync_disable('t')", Deviation.Disabled, true },
        { "SELECT cloudsync_disable('t'); SELECT cloudsync_enable('t')", Deviation.Disabled, false },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void Connection_knows_what_a_new_one_reads_when_a_transaction_with_a_change_ends(string change, Deviation deviation, bool isLocal)
    {
        byte[] payload = Payload();
        foreach ((string end, string during) in Share.Of(from end in Ends from during in Follows select (end, during), parts: 3))
        {
            // What comes behind the transaction is another thing each time.
            string behind = Follows[(Array.IndexOf(Ends, end) + Array.IndexOf(Follows, during)) % Follows.Length];
            string context = $"BEGIN; SAVEPOINT s; {change}; ({during}); {end}; ({behind})\n";
            using Database database = Database.Open();
            database.Exec(Schema);
            database.Scalar("SELECT cloudsync_payload_receive(?, ?, 1, 0, 0, 1, 0, 0, 1)", payload, Sender);
            database.Deviates(deviation, "the change is in force");
            database.Exec("BEGIN; SAVEPOINT s; " + change);
            Follow(database, during, payload);
            Assert.True(database.InTransaction, context);
            if (end != "COMMIT" && deviation != Deviation.Disabled)
            {
                database.Conforms();
            }

            database.Exec(end);
            Assert.False(database.InTransaction, context);
            Follow(database, behind, payload);
            if (end == "COMMIT" && deviation == Deviation.PlainAlter)
            {
                // A new connection mends what was altered without begin and commit: it reads something else, rightly.
                continue;
            }

            using Database copy = Database.OpenCopy(database);
            copy.Register();
            copy.Deviates(deviation, "the change is in force");
            Assert.Equal(context + State(copy, !isLocal), context + State(database, !isLocal));
            if (isLocal)
            {
                continue;
            }

            Follow(database, "write", payload);
            Follow(copy, "write", payload);
            Assert.Equal(context + State(copy, enabled: true), context + State(database, enabled: true));
        }
    }

    [Fact]
    public void Every_function_that_changes_something_is_in_the_matrix()
    {
        using Database database = Database.Open();
        string all = string.Join(' ', Changes.Select(row => row[0]));
        string[] others = ["payload", "uuid", "version", "siteid", "pk_", "is_", "schema", "seq", "terminate", "cloudsync_insert", "cloudsync_update",
            "cloudsync_delete", "help", "cloudsync_col", "probe", "backfill_run", "entity_hash", "text_materialize",
            "tree_between", "tree_pos", "tree_verify"];
        Assert.All(
            database.Query("SELECT DISTINCT name FROM pragma_function_list WHERE name LIKE 'cloudsync%'").Select(row => (string)row[0]!)
                .Where(name => !Array.Exists(others, other => name.Contains(other, StringComparison.Ordinal))),
            name => Assert.Contains(name + "(", all, StringComparison.Ordinal));
    }

    /// <summary>One change of another site.</summary>
    private static byte[] Payload()
    {
        using Database source = Database.Open();
        source.Exec(Schema);
        return (byte[])source.Scalar(
            "SELECT cloudsync_payload_encode('t', cloudsync_pk_encode('r'), 'a', 5, 1, 1, ?1, 1, 0)", Sender)!;
    }

    /// <summary>Goes on in one of three ways; what the change makes impossible is refused, and leaves the transaction as it was.</summary>
    private static void Follow(Database database, string how, byte[] payload)
    {
        bool inTransaction = database.InTransaction;
        try
        {
            switch (how)
            {
                case "write":
                    database.Exec(Write);
                    break;
                case "apply":
                    database.Scalar("SELECT cloudsync_payload_apply(?)", payload);
                    break;
                default:
                    database.Query("SELECT * FROM cloudsync_changes");
                    break;
            }
        }
        catch (SqlException refused)
        {
            Assert.Matches("Unable to apply payload changes|has no column|schema hash is unknown", refused.Text);
        }

        Assert.Equal(inTransaction, database.InTransaction);
    }

    /// <summary>What the engine says of the database, and what it wrote. db_versions and seqs are left out: a connection does not give back
    /// numbers that it took.</summary>
    private static string State(Database database, bool enabled)
    {
        List<string> lines = [];
        foreach (string sql in (string[])
        [
            "SELECT tbl, hex(pk), col_name, quote(col_value), col_version, cl FROM cloudsync_changes ORDER BY 1, 2, 3",
            "SELECT name, tbl_name, sql FROM sqlite_master ORDER BY 1",
            "SELECT key, value FROM cloudsync_settings WHERE key NOT LIKE '%dbversion%' AND key NOT LIKE '%seq%' ORDER BY 1",
            "SELECT * FROM cloudsync_table_settings ORDER BY 1, 2, 3",
            "SELECT * FROM cloudsync_schema_versions ORDER BY 1",
            "SELECT hex(site_id), rowid FROM cloudsync_site_id ORDER BY 2",
            "SELECT count(*) FROM cloudsync_receive_gaps",
            "SELECT count(*) FROM cloudsync_waiting",
            "SELECT tbl, state, rows_done, rows_total FROM cloudsync_backfill_progress ORDER BY 1",
            enabled ? "SELECT cloudsync_is_enabled('t'), cloudsync_is_enabled('u'), cloudsync_is_enabled('w')" : "SELECT 1",
        ])
        {
            lines.Add(sql);
            try
            {
                lines.AddRange(database.Query(sql).Select(row => string.Join("|", row)));
            }
            catch (SqlException failure)
            {
                lines.Add(failure.Text);
            }
        }

        return string.Join("\n", lines);
    }
}
