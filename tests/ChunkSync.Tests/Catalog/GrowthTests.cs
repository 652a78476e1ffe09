using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Catalog;

/// <summary>What many tracked tables cost, in statements and steps of SQLite's virtual machine.</summary>
public sealed class GrowthTests(ITestOutputHelper output)
{
    private static readonly int[] Sizes = [20, 80, 320];

    /// <summary>SQLite itself goes through its schema with every CREATE: no statement of ours, but steps of the same connection.</summary>
    [Fact]
    public void Init_of_one_more_table_runs_as_many_statements_when_many_are_tracked()
    {
        List<long> runs = [];
        List<long> steps = [];
        foreach (int size in Sizes)
        {
            using Database database = Open(size);
            using StatementMeter meter = new(database);
            Exec(database, Init(size));
            runs.Add(meter.Runs);
            steps.Add(meter.VmSteps);
        }

        output.WriteLine($"statements {string.Join(", ", runs)}; steps {string.Join(", ", steps)}");
        Assert.InRange(runs[2], 0, 100);
        Assert.InRange(runs[2], runs[0] - 2, runs[0] + 2);
        Assert.InRange((steps[2] - steps[0]) / (Sizes[2] - Sizes[0]), 0, HasTableList() ? MaxStepsPerTable : MaxStepsOfOld);
    }

    [Theory]
    [InlineData("SELECT cloudsync_cleanup('t3')", 1)]
    [InlineData("SELECT cloudsync_begin_alter('t3'); ALTER TABLE t3 ADD COLUMN d; SELECT cloudsync_commit_alter('t3')", 2)]
    [InlineData("CREATE TABLE other(x); SELECT cloudsync_enable('t3')", 0)]
    [InlineData("CREATE TABLE other(x); SELECT cloudsync_is_enabled('t3')", 0)]
    [InlineData("CREATE TABLE other(x); SELECT count(*) FROM cloudsync_payload_chunks WHERE since_db_version = 9", 2)]
    [InlineData("CREATE TABLE other(x); INSERT INTO t3(id, a) VALUES ('x', 1)", 1)]
    public void Call_behind_a_change_of_the_schema_reads_the_catalog_with_few_statements_when_many_tables_are_tracked(string sql, int maxPerTable)
    {
        List<long> runs = [];
        foreach (int size in Sizes[..2])
        {
            using Database database = Open(size);
            using StatementMeter meter = new(database);
            Exec(database, sql);
            runs.Add(meter.Runs);
        }

        // Where the newest version matters it is looked up in every table, and a scan looks into every table: one statement each, and no more.
        long perTable = (runs[1] - runs[0]) / (Sizes[1] - Sizes[0]);
        output.WriteLine($"{sql}: statements {string.Join(", ", runs)}");
        Assert.InRange(perTable, 0, maxPerTable);
    }

    [Fact]
    public void Loading_reads_the_catalog_with_few_statements_when_many_tables_are_tracked()
    {
        List<long> runs = [];
        foreach (int size in Sizes[..2])
        {
            using TempFile file = new();
            using (Database made = Open(size, file.Path))
            {
            }

            using Database database = Database.Open(file.Path, register: false);
            using StatementMeter meter = new(database);
            database.Register();
            Exec(database, "SELECT cloudsync_is_enabled('t3')");
            runs.Add(meter.Runs);
        }

        output.WriteLine($"statements {string.Join(", ", runs)}");
        Assert.InRange(runs[1], 0, 60);
        Assert.Equal(runs[0], runs[1]);
    }

    [Fact]
    public void Tables_are_tracked_as_before_when_init_is_undone_and_done_again()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE a(id TEXT PRIMARY KEY NOT NULL, x); CREATE TABLE b(id TEXT PRIMARY KEY NOT NULL, x, u UNIQUE)");
        database.Exec("SELECT cloudsync_init('a')");
        database.Exec("BEGIN; SAVEPOINT s; SELECT cloudsync_init('b'); INSERT INTO b VALUES ('1', 1, 1); ROLLBACK TO s");
        Assert.Equal(0L, database.Scalar("SELECT cloudsync_is_enabled('b')"));
        database.Exec("SELECT cloudsync_init('b'); INSERT INTO b VALUES ('2', 2, 2); ROLLBACK");
        Assert.Equal(0L, database.Scalar("SELECT cloudsync_is_enabled('b')"));
        database.Exec("SELECT cloudsync_init('b'); INSERT INTO b VALUES ('3', 3, 3); REPLACE INTO b VALUES ('4', 4, 3); INSERT INTO a VALUES ('5', 5)");
        Assert.Equal(
            new object?[] { "a 5 x", "b 3 ", "b 4 u", "b 4 x" },
            database.Query("SELECT tbl || ' ' || substr(pk, 4) || ' ' || iif(col_name LIKE '!_!_%' ESCAPE '!', '', col_name) FROM cloudsync_changes ORDER BY 1")
                .Select(row => row[0]));
        database.Exec("SELECT cloudsync_cleanup('a')");
        Assert.Equal(0L, database.Scalar("SELECT cloudsync_is_enabled('a')"));
        Assert.Equal(1L, database.Scalar("SELECT cloudsync_is_enabled('b')"));
        database.Exec("SELECT cloudsync_init('a'); INSERT INTO a VALUES ('6', 6)");
        Assert.Equal(1L, database.Scalar("SELECT count(*) FROM cloudsync_changes WHERE tbl = 'a' AND db_version = cloudsync_db_version()"));
    }

    [Fact]
    public void Unique_constraint_is_guarded_when_it_is_spelled_in_any_way()
    {
        foreach (string table in (string[])
            ["id TEXT PRIMARY KEY NOT NULL, u UnIqUe", "id TEXT PRIMARY KEY NOT NULL, u, UNIQUE(u)", "id TEXT NOT NULL, u, PRIMARY KEY(id), CONSTRAINT c uNiQue(u)"])
        {
            using TempFile file = new();
            using (Database made = Database.Open(file.Path))
            {
                made.Exec($"CREATE TABLE t({table}); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('1', 1)");
            }

            using Database database = Database.Open(file.Path);
            database.Exec("REPLACE INTO t VALUES ('2', 1)");
            Assert.Equal(1L, database.Scalar("SELECT count(*) FROM cloudsync_changes WHERE col_version = 2 AND cl = 2"));
        }
    }

    /// <summary>Steps that one more tracked table costs the init of another: what is left are walks over the schema, over the settings and over the
    /// schema hashes.</summary>
    private const long MaxStepsPerTable = 45;

    /// <summary>The same before SQLite 3.37: the schema is searched for virtual tables.</summary>
    private const long MaxStepsOfOld = 80;

    private static bool HasTableList()
    {
        using Database database = Database.Open();
        return Version.Parse((string)database.Scalar("SELECT sqlite_version()")!) >= new Version(3, 37);
    }

    private static Database Open(int size, string path = ":memory:")
    {
        Database database = Database.Open(path);
        Exec(database, "BEGIN");
        for (int table = 0; table <= size; table++)
        {
            Exec(database, $"CREATE TABLE t{table}(id TEXT PRIMARY KEY NOT NULL, a, b, c)");
        }

        for (int table = 0; table < size; table++)
        {
            Exec(database, Init(table));
        }

        Exec(database, "COMMIT");
        return database;
    }

    /// <summary>Where the text of a table is that of the last time, its columns are known: no more than a walk over the schema and the settings.</summary>
    [Fact]
    public void Catalog_is_read_again_without_asking_for_columns_when_another_table_was_made()
    {
        List<long> steps = [];
        foreach (int size in Sizes[..2])
        {
            using Database database = Open(size);
            Exec(database, "CREATE TABLE first(x); SELECT cloudsync_is_enabled('t3')");
            using StatementMeter meter = new(database);
            Exec(database, "CREATE TABLE other(x); SELECT cloudsync_is_enabled('t3')");
            steps.Add(meter.VmSteps);
        }

        long perTable = (steps[1] - steps[0]) / (Sizes[1] - Sizes[0]);
        output.WriteLine($"steps {string.Join(", ", steps)}: {perTable} per table");
        Assert.InRange(perTable, 0, 230);
    }

    [Fact]
    public void Connection_knows_columns_as_a_new_one_does_when_others_change_tables()
    {
        Random random = new(Seed.Next(output));
        using TempFile file = new();
        using Database here = Database.Open(file.Path);
        using Database there = Database.Open(file.Path);
        for (int table = 0; table < 8; table++)
        {
            there.Exec($"CREATE TABLE t{table}(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t{table}'); INSERT INTO t{table} VALUES ('0', 1, 2)");
        }

        for (int turn = 1; turn <= (Share.IsWhole ? 40 : 15); turn++)
        {
            Database writer = random.Next(3) == 0 ? here : there;
            for (int changes = random.Next(1, 4); changes > 0; changes--)
            {
                string table = "t" + random.Next(8);
                string column = (string)writer.Query("SELECT name FROM pragma_table_info(?) ORDER BY cid DESC LIMIT 1", table)[0][0]!;
                writer.Exec(random.Next(4) switch
                {
                    0 => $"SELECT cloudsync_begin_alter('{table}'); ALTER TABLE {table} RENAME COLUMN {column} TO r{turn}_{changes}; SELECT cloudsync_commit_alter('{table}')",
                    1 => $"SELECT cloudsync_cleanup('{table}'); DROP TABLE {table}; CREATE TABLE {table}(k{random.Next(2)} INT, x NOT NULL,"
                        + $" y, z, PRIMARY KEY(x)); SELECT cloudsync_init('{table}')",
                    _ => $"SELECT cloudsync_begin_alter('{table}'); ALTER TABLE {table} ADD COLUMN c{turn}_{changes} INT; SELECT cloudsync_commit_alter('{table}')",
                });
            }

            Database other = writer == here ? there : here;
            foreach (string table in Enumerable.Range(0, 8).Select(table => "t" + table))
            {
                string[] columns = [.. other.Query("SELECT name FROM pragma_table_info(?)", table).Select(row => (string)row[0]!)];
                other.Exec($"INSERT INTO {table} VALUES ({string.Join(", ", columns.Select((_, i) => (turn * 100) + i))})");
                Assert.Equal(columns.Length - 1L, other.Scalar($"SELECT count(*) FROM {table}_cloudsync WHERE db_version = cloudsync_db_version()"));
            }

            using Database fresh = Database.Open(file.Path);
            const string Changes = "SELECT tbl, hex(pk), col_name, col_value, col_version, db_version, seq FROM cloudsync_changes";
            Assert.Equal(fresh.Query(Changes), here.Query(Changes));
            Assert.Equal(fresh.Query(Changes), there.Query(Changes));
        }
    }

    private static string Init(int table) => $"SELECT cloudsync_init('t{table}')";

    /// <summary>Runs statements without what the tests' database looks at behind each.</summary>
    private static void Exec(Database database, string sql) => Assert.Equal(0, NativeSqlite.Exec(database.Handle, sql, 0, 0, 0));
}
