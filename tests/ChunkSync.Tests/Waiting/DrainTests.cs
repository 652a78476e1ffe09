using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Waiting;

/// <summary>Changes of one writer, in order, on copies with the same constraints: nothing waits in the end, wherever the stream is cut.</summary>
public sealed class DrainTests(ITestOutputHelper output)
{
    private const string Values = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE NOT NULL, b NOT NULL, CHECK (b < 1000)); SELECT cloudsync_init('t', 'cls', 2);";
    private const string Indexes = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); CREATE UNIQUE INDEX i1 ON t(lower(a)); CREATE UNIQUE INDEX i2 ON t(b) WHERE b > 2;"
        + " SELECT cloudsync_init('t');";
    private const string Bounds = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL, CHECK (low < high)); SELECT cloudsync_init('t', 'cls', 2);";
    private const string Tree = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, p TEXT REFERENCES t(id)); SELECT cloudsync_init('t');";
    private const string Families = "CREATE TABLE c(id TEXT PRIMARY KEY NOT NULL, p TEXT NOT NULL REFERENCES t(id), n UNIQUE); CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, f TEXT"
        + " REFERENCES c(id), n UNIQUE); SELECT cloudsync_init('c', 'cls', 2); SELECT cloudsync_init('t');";
    private const string Rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6) INSERT INTO t";

    /// <summary>A schema, then what is written between two exchanges.</summary>
    public static TheoryData<string, string[]> Histories => new()
    {
        { Values, [Rows + " SELECT 'k' || i, i, i FROM n", Temporarily("a = a + 1"), Temporarily("a = a - 1"), Temporarily("a = (a + 2) % 6 + 1")] },
        { Values, [Rows + " SELECT 'k' || i, i, i FROM n", Temporarily("a = CASE a % 2 WHEN 0 THEN a - 1 ELSE a + 1 END"),
            "UPDATE t SET a = 'free' WHERE id = 'k1'; INSERT INTO t VALUES ('k0', 2, 1); UPDATE t SET a = 'z' WHERE id = 'k1'; INSERT INTO t VALUES ('k9', 'free', 1)",
            "DELETE FROM t WHERE id = 'k0'; UPDATE t SET a = 2 WHERE id = 'k9'; INSERT INTO t VALUES ('k0', 'free', 1)"] },
        { Values.Replace("UNIQUE", "UNIQUE ON CONFLICT REPLACE", StringComparison.Ordinal),
            [Rows + " SELECT 'k' || i, i, i FROM n", "INSERT INTO t VALUES ('k7', 3, 7)", Temporarily("a = a + 1"), "UPDATE t SET a = 2 WHERE id = 'k7'"] },
        { Indexes, [Rows + " SELECT 'k' || i, 'A' || i, i FROM n", Temporarily("a = 'a' || ((b + 1) % 6 + 1)"), Temporarily("b = b % 6 + 1, a = 'B' || b")] },
        { Bounds, [Rows + " SELECT 'k' || i, i, i + 1 FROM n", "UPDATE t SET high = high + 100; UPDATE t SET low = low + 100", "UPDATE t SET low = low - 100; UPDATE t SET high = high - 100",
            "DELETE FROM t WHERE low % 2; INSERT INTO t VALUES ('k1', 500, 501), ('k3', -5, -4)"] },
        { Tree, [Deferred("INSERT INTO t VALUES ('5', '4'), ('4', '3'), ('3', '2'), ('2', '1'), ('1', NULL)"), Deferred("INSERT INTO t VALUES ('a', 'b'), ('b', 'c'), ('c', 'a'), ('s', 's')"),
            Deferred("UPDATE t SET p = 'a' WHERE id = '5'; DELETE FROM t WHERE id IN ('1', '2', '3', '4')"), Deferred("DELETE FROM t")] },
        { Tree.Replace("t(id))", "t(id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED)", StringComparison.Ordinal),
            ["BEGIN; INSERT INTO t VALUES ('a', 'b'), ('b', 'c'), ('c', 'a'), ('d', 'a'); COMMIT", "DELETE FROM t WHERE id = 'a'; INSERT INTO t VALUES ('a', 'd'); UPDATE t SET p = 'a' WHERE id = 'c'",
            "DELETE FROM t WHERE id = 'c'; DELETE FROM t WHERE id = 'b'"] },
        { Families, [Deferred("INSERT INTO c VALUES ('c1', 't1', 1), ('c2', 't2', 2), ('c3', 't1', 3); INSERT INTO t VALUES ('t1', 'c1', 1), ('t2', 'c2', 2)"),
            Deferred(Temporarily("n = 3 - n").Replace("UPDATE t SET id = id", "SELECT 1", StringComparison.Ordinal) + "; UPDATE c SET p = 't2' WHERE id = 'c1'; UPDATE t SET f = 'c3' WHERE id = 't1'"),
            Deferred("DELETE FROM t WHERE id = 't1'; DELETE FROM c WHERE id = 'c3'; UPDATE t SET f = 'c1'; DELETE FROM c WHERE id = 'c2'; INSERT INTO c VALUES ('c2', 't1', 2); INSERT INTO t VALUES ('t1', 'c2', 2)")] },
    };

    [Theory]
    [MemberData(nameof(Histories))]
    public void Nothing_waits_behind_a_drain_in_order_wherever_it_is_cut(string schema, string[] stages)
    {
        for (int cutStage = 0; cutStage < stages.Length; cutStage++)
        {
            List<(byte[]? First, byte[]? Second)[]> pieces = [];
            using Drain drain = new(schema);
            foreach (string stage in stages)
            {
                drain.Writer.Exec(stage);
                pieces.Add(drain.TakePairs());
            }

            for (int cut = 1; cut < pieces[cutStage].Length; cut++)
            {
                using Database copy = drain.OpenCopy();
                for (int stage = 0; stage < stages.Length; stage++)
                {
                    (byte[]? first, byte[]? second) = pieces[stage][stage == cutStage ? cut : 0];
                    RefusingReplica.Apply(copy, first);
                    RefusingReplica.Apply(copy, second);
                }

                string? wrong = drain.Wrong(copy);
                Assert.True(wrong == null, $"stage {cutStage} cut behind change {cut} of {pieces[cutStage].Length - 1}: {wrong}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Histories))]
    public void Nothing_waits_behind_a_drain_of_single_changes(string schema, string[] stages)
    {
        using Drain drain = new(schema);
        using Database copy = drain.OpenCopy();
        foreach (string stage in stages)
        {
            drain.Writer.Exec(stage);
            Array.ForEach(drain.TakeEach(), payload => RefusingReplica.Apply(copy, payload));
            Assert.Null(drain.Wrong(copy));
        }
    }

    [Fact, Soak("waiting-drains")]
    public void Nothing_waits_behind_random_drains_in_order()
    {
        using Effort effort = Effort.Start("waiting-drains", output, sample: 120);
        while (effort.Next("drains"))
        {
            Random random = effort.Random;
            List<string> log = [];
            string schema = RandomSchema(random);
            using Drain drain = new(schema);
            using Database copy = drain.OpenCopy();
            for (int step = 0; step < 25; step++)
            {
                Write(drain.Writer, random, log);
                if (random.Next(3) == 0)
                {
                    byte[][] pieces = drain.TakeSome(random);
                    log.Add($"-- {pieces.Length} payloads");
                    Array.ForEach(pieces, payload => RefusingReplica.Apply(copy, payload));
                    effort.Add("payloads", pieces.Length);
                    string? wrong = drain.Wrong(copy);
                    Assert.True(wrong == null, $"{wrong}\n{schema}\n{string.Join("\n", log)}");
                }
            }
        }
    }

    /// <summary>An UPDATE of all rows of a unique column, as a user writes it: through values that are free.</summary>
    private static string Temporarily(string assignment)
    {
        string column = assignment[..1];
        return $"CREATE TEMP TABLE s AS SELECT * FROM t; UPDATE t SET {column} = -1000 - rowid; UPDATE t SET {column} = (SELECT {column} FROM (SELECT id, "
            + $"{assignment[(assignment.IndexOf('=', StringComparison.Ordinal) + 1)..].Split(", ")[0]} AS {column} FROM temp.s) AS v WHERE v.id = t.id); DROP TABLE temp.s";
    }

    private static string Deferred(string sql) => $"BEGIN; PRAGMA defer_foreign_keys = ON; {sql}; COMMIT";

    private static string RandomSchema(Random random)
    {
        string[] actions = ["", "", " ON DELETE SET NULL", " ON DELETE CASCADE", " DEFERRABLE INITIALLY DEFERRED"];
        string unique = random.Next(2) == 0 ? " UNIQUE" : "";
        string notNull = random.Next(3) == 0 ? " NOT NULL" : "";
        string reference = random.Next(2) == 0 ? " REFERENCES t(id)" + actions[random.Next(actions.Length)] : "";
        string check = random.Next(3) == 0 ? ", CHECK (a IS NULL OR b IS NULL OR a <= b + 3)" : "";
        string end = random.Next(4) == 0 ? " WITHOUT ROWID" : "";
        string index = random.Next(6) switch
        {
            0 => "CREATE UNIQUE INDEX i ON t(b % 5) WHERE a > 3;",
            1 => "CREATE UNIQUE INDEX i ON t(a + b);",
            2 => "CREATE UNIQUE INDEX i ON t(b, a);",
            3 => "CREATE UNIQUE INDEX i ON t(b % 5) WHERE a < 3;",
            _ => "",
        };
        return $"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a{unique}{notNull}, b{notNull}, p{reference}{check}){end}; {index} SELECT cloudsync_init('t', 'cls', 2);";
    }

    private static void Write(Database writer, Random random, List<string> log)
    {
        string Key() => $"'k{random.Next(8)}'";
        string sql = Deferred(string.Join("; ", Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Next(8) switch
        {
            0 or 1 or 2 => $"INSERT INTO t VALUES ({Key()}, {random.Next(8)}, {random.Next(10)}, {(random.Next(2) == 0 ? "NULL" : Key())})",
            3 => $"UPDATE t SET a = {random.Next(8)} WHERE id = {Key()}",
            4 => $"UPDATE t SET b = {random.Next(10)} WHERE id = {Key()}",
            5 => $"UPDATE t SET p = {Key()} WHERE id = {Key()}",
            6 => $"DELETE FROM t WHERE id = {Key()}",
            _ => "UPDATE t SET a = -100 - a; UPDATE t SET a = (-100 - a + 1) % 8",
        })));
        try
        {
            writer.Exec(sql);
            log.Add(sql);
        }
        catch (SqlException)
        {
            if (writer.InTransaction)
            {
                writer.Exec("ROLLBACK");
            }
        }
    }
}
