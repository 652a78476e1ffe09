using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Diagnostics;

/// <summary><c>cloudsync_check</c> as a whole: it reads only, costs what the schema costs, and lists no more than somebody can read.</summary>
public class DatabaseCheckTests
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE, b); CREATE TABLE u(id TEXT PRIMARY KEY NOT NULL, a UNIQUE); SELECT cloudsync_init('t'), cloudsync_init('u');"
        + "INSERT INTO t VALUES ('x', 1, 1), ('y', 2, 2); DELETE FROM t WHERE id = 'y'; DROP TRIGGER cloudsync_after_delete_u; DROP INDEX t_cloudsync_pos_idx;";

    [Fact]
    public void No_byte_changes_when_a_file_is_checked()
    {
        using TempFile file = new();
        using (Database database = Database.Open(file.Path))
        {
            database.Deviates(Deviation.Damaged, "something is to be found");
            database.Exec(Schema);
        }

        byte[] bytes = file.Read();
        using (Database reader = Database.Open(file.Path, readOnly: true))
        {
            reader.Deviates(Deviation.Damaged, "something is to be found");
            Assert.Equal(["D01", "D03", "D17", "D17"], Ids(reader, "NULL, 1").Where(id => id is "D01" or "D03" or "D17"));
        }

        Assert.Equal(bytes, file.Read());
        using Database writer = Database.Open(file.Path);
        writer.Deviates(Deviation.Damaged, "something is to be found");

        // Loading restored a trigger, and left its mark.
        bytes = file.Read();
        writer.Exec("PRAGMA query_only = ON");
        Assert.Contains("D22", Ids(writer, "NULL, 1"));
        writer.Exec("PRAGMA query_only = OFF");
        Assert.Equal(bytes, file.Read());
        int changes = NativeSqlite.TotalChanges(writer.Handle);
        writer.Exec("BEGIN; UPDATE t SET b = 9");
        int written = NativeSqlite.TotalChanges(writer.Handle);
        Assert.True(written > changes);
        Assert.Contains("D22", Ids(writer, "NULL, 1"));
        Assert.Equal(written, NativeSqlite.TotalChanges(writer.Handle));
        writer.Exec("ROLLBACK");
        Assert.Equal(bytes, file.Read());
    }

    [Fact]
    public void One_table_is_checked_when_it_is_named()
    {
        using Database database = Database.Open();
        database.Deviates(Deviation.Damaged, "something is to be found");
        database.Exec(Schema + "SELECT cloudsync_set('send_dbversion', 1000)");
        Assert.Equal(["D01", "D17"], Ids(database, "'U'"));
        Assert.Equal(["D03", "D17"], Ids(database, "'t', 0"));
        Assert.Equal(
            "cloudsync_check: table 'none' is not tracked here: call SELECT cloudsync_init('none') first, or leave the argument away",
            Assert.Throws<SqlException>(() => Ids(database, "'none'")).Text);
    }

    [Fact]
    public void Rest_is_counted_when_there_are_many_of_one_kind()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL); SELECT cloudsync_init('t');"
            + string.Concat(Enumerable.Range(0, 130).Select(i => $"CREATE TABLE x{i:000}cloudsync(a);")));
        List<object?[]> found = database.Query("SELECT key, n, text FROM cloudsync_check WHERE id = 'D16'");
        Assert.Equal(100, found.Count);
        Assert.Equal([null, 31L, "31 more of D16"], found[^1]);
    }

    [Fact]
    public void Nothing_is_found_when_nothing_was_initialised()
    {
        using Database database = Database.Open();
        Assert.Empty(Ids(database, "NULL, 1"));
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE)");
        Assert.Empty(Ids(database, "NULL, 1"));
    }

    [Fact]
    public void Steps_do_not_grow_with_rows_when_the_check_is_not_deep()
    {
        long few = Steps(5);
        Assert.InRange(Steps(4000), 1, few + 300);
    }

    [Fact]
    public void Checks_join_with_other_tables_when_their_arguments_come_from_there()
    {
        using Database database = Database.Open();
        database.Deviates(Deviation.Damaged, "something is to be found");
        database.Exec(Schema);
        Assert.Equal(["t D03", "t D17", "u D01", "u D17"], database.Query(
            "SELECT n.column1 || ' ' || c.id FROM (VALUES ('t'), ('u')) AS n JOIN cloudsync_check(n.column1) AS c ORDER BY 1").Select(row => row[0]));
    }

    private static string[] Ids(Database database, string arguments) =>
        [.. database.Query($"SELECT id FROM cloudsync_check({arguments}) ORDER BY id").Select(row => (string)row[0]!)];

    private static long Steps(int rows)
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); CREATE TABLE c(id TEXT PRIMARY KEY NOT NULL, t REFERENCES t ON DELETE CASCADE); SELECT cloudsync_init('t'), cloudsync_init('c');"
            + $"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) INSERT INTO t SELECT 'k' || i, i, i FROM n; INSERT INTO c SELECT id, id FROM t; DELETE FROM t WHERE a % 3 = 0");
        using IDisposable paused = database.PauseChecks();
        return StatementMeter.StepsOf(database, "SELECT * FROM cloudsync_check");
    }
}
