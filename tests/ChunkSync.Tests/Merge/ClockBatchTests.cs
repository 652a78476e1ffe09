using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Merge;

/// <summary>Clock rows of several new rows are written by one statement. Nobody sees that: a database with triggers, where each row's are written at
/// once, is the oracle.</summary>
public sealed class ClockBatchTests(ITestOutputHelper output)
{
    private const string Schema = "CREATE TABLE t(id INTEGER PRIMARY KEY NOT NULL, a, b CHECK (b IS NOT 13)); CREATE TABLE u(id TEXT PRIMARY KEY NOT NULL, a);"
        + " SELECT cloudsync_init('t', 'cls', 1), cloudsync_init('u');";

    private const string NoOps = "CREATE TRIGGER t_none AFTER INSERT ON t BEGIN SELECT 1; END; CREATE TRIGGER u_none AFTER INSERT ON u BEGIN SELECT 1; END;";

    [Theory]
    [InlineData("stop", false)]
    [InlineData("stop", true)]
    [InlineData("wait", false)]
    [InlineData("wait", true)]
    public void Database_is_the_same_as_with_clocks_that_are_written_row_by_row(string policy, bool inTransaction)
    {
        Random random = new(Seed.Next(output));
        int refused = 0;
        for (int history = 0; history < 25; history++)
        {
            using Database batched = Open(policy, "");
            using Database alone = Open(policy, NoOps);
            for (int payload = 0; payload < 4; payload++)
            {
                string[] changes = Changes(random, payload);
                byte[] bytes = Encode(changes);
                string? error = Apply(batched, bytes, inTransaction);
                Assert.Equal(Apply(alone, bytes, inTransaction), error);
                Assert.Equal(Dump(alone), Dump(batched));
                refused += error == null ? 0 : 1;
            }
        }

        Assert.Equal(policy == "stop", refused > 0);
    }

    [Theory]
    [InlineData("", 11)]
    [InlineData("CREATE TRIGGER t_none AFTER INSERT ON t BEGIN SELECT 1; END", 32)]
    [InlineData("CREATE TEMP TRIGGER t_none AFTER INSERT ON t BEGIN SELECT 1; END", 32)]
    [InlineData("CREATE TRIGGER t_none AFTER INSERT ON t_cloudsync BEGIN SELECT 1; END", 32)]
    public void Statement_writes_clocks_of_eight_rows_where_nobody_can_look(string trigger, int statements)
    {
        using Database database = Open("stop", "");
        byte[] payload = Encode([.. Enumerable.Range(1, 32).SelectMany(row => (string[])
            [$"('t', cloudsync_pk_encode({row}), 'a', {row}, 1, 1, x'07', 1, {2 * row})", $"('t', cloudsync_pk_encode({row}), 'b', 1, 1, 1, x'07', 1, {(2 * row) + 1})"])]);
        database.Scalar("SELECT cloudsync_payload_apply(?)", Encode("('t', cloudsync_pk_encode(0), 'a', 0, 1, 1, x'07', 1, 0)"));
        database.Exec(trigger);
        using StatementMeter meter = new(database);
        database.Scalar("SELECT cloudsync_payload_apply(?)", payload);

        // The first are written before it is known above which key all are new; then three times eight at once, and the rest one by one.
        Assert.Equal(32, meter.Writes);
        Assert.Equal(statements, meter.NewClocks);
        Assert.Equal(66L, database.Scalar("SELECT count(*) + 1 FROM t_cloudsync"));
    }

    [Theory]
    [InlineData("t", "")]
    [InlineData("t", "TEMP")]
    [InlineData("u", "")]
    [InlineData("u", "TEMP")]
    public void Trigger_sees_the_clocks_of_the_rows_before(string on, string temp)
    {
        using Database database = Open("stop", "CREATE TABLE seen(rows, clocks);");
        database.Exec($"CREATE {temp} TRIGGER look AFTER INSERT ON {on} BEGIN INSERT INTO seen SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM t_cloudsync); END");
        List<string> changes = [];
        for (int row = 1; row <= 30; row++)
        {
            changes.Add($"('t', cloudsync_pk_encode({row}), 'a', {row}, 1, {row / 7 + 1}, x'07', 1, {row})");
            if (row % 5 == 0)
            {
                changes.Add($"('u', cloudsync_pk_encode('{row}'), 'a', {row}, 1, {row / 7 + 1}, x'07', 1, {row + 100})");
            }
        }

        database.Scalar("SELECT cloudsync_payload_apply(?)", Encode([.. changes]));
        Assert.Equal(on == "t" ? 30L : 6L, database.Scalar("SELECT count(*) FROM seen"));
        Assert.Equal(0L, database.Scalar($"SELECT count(*) FROM seen WHERE clocks <> rows - {(on == "t" ? 1 : 0)}"));
    }

    private static Database Open(string policy, string sql)
    {
        Database database = Database.Open();
        database.Exec($"{Schema} SELECT cloudsync_set('apply_refused', '{policy}'), cloudsync_set('skip_schema_hash_check', 1); {sql}");
        return database;
    }

    /// <summary>Changes of rows that are new, come again in a later run, were deleted, or are refused.</summary>
    private static string[] Changes(Random random, int payload)
    {
        List<string> changes = [];
        bool ascending = random.Next(2) == 0;
        int key = payload * 20;
        for (int row = 0; row < random.Next(1, 60); row++)
        {
            key = ascending && random.Next(8) > 0 ? key + 1 : random.Next(1, 90);
            string place = $"{(payload * 10) + (row / random.Next(3, 20)) + 1}, x'0{random.Next(7, 9)}'";
            int life = random.Next(12) switch { 0 => 2, 1 => 3, _ => 1 };
            int version = random.Next(1, 3);
            if (random.Next(4) == 0)
            {
                changes.Add(life == 2 ? $"('u', cloudsync_pk_encode('{key}'), '__[RIP]__', NULL, 2, {place}, 2, {row})"
                    : $"('u', cloudsync_pk_encode('{key}'), 'a', {random.Next(9)}, {version}, {place}, {life}, {row})");
            }
            else if (life == 2)
            {
                changes.Add($"('t', cloudsync_pk_encode({key}), '__[RIP]__', NULL, 2, {place}, 2, {row})");
            }
            else
            {
                changes.Add($"('t', cloudsync_pk_encode({key}), 'a', {random.Next(9)}, {version}, {place}, {life}, {row})");
                if (random.Next(3) > 0)
                {
                    changes.Add($"('t', cloudsync_pk_encode({key}), 'b', {(random.Next(40) == 0 ? 13 : random.Next(9))}, {version}, {place}, {life}, {row + 1000})");
                }
            }
        }

        return [.. changes];
    }

    private static byte[] Encode(params string[] changes)
    {
        using Database source = Database.Open();
        source.Exec(Schema);
        return (byte[])source.Scalar("WITH c(tbl, pk, col, value, version, db, site, cl, seq) AS (VALUES " + string.Join(", ", changes)
            + ") SELECT cloudsync_payload_encode(tbl, pk, col, value, version, db, site, cl, seq) FROM c")!;
    }

    private static string? Apply(Database database, byte[] payload, bool inTransaction)
    {
        string? error = null;
        database.Exec(inTransaction ? "BEGIN" : "");
        try
        {
            database.Scalar("SELECT cloudsync_payload_apply(?)", payload);
        }
        catch (SqlException failure)
        {
            error = failure.Text;
        }

        database.Exec(inTransaction ? "COMMIT" : "");
        return error;
    }

    private static string[] Dump(Database database) =>
    [
        .. ((string[])["t", "u", "t_cloudsync", "u_cloudsync"]).SelectMany(table =>
            database.Query($"SELECT * FROM {table} ORDER BY 1, 2").Select(row => table + string.Join("|", row.Select(value => value is byte[] bytes ? Convert.ToHexString(bytes) : value)))),
        $"{database.Scalar("SELECT cloudsync_db_version()")} {database.Scalar("SELECT count(*) FROM cloudsync_waiting")} {database.Scalar("SELECT group_concat(quote(site_id)) FROM cloudsync_site_id WHERE rowid > 0")}",
    ];
}
