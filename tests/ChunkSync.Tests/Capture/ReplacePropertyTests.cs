using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Capture;

/// <summary>Random statements with conflict clauses on tables with several unique indexes: clocks fit the rows behind each of them, and a
/// copy that hears of every statement has the same rows.</summary>
public class ReplacePropertyTests(ITestOutputHelper output)
{
    private static readonly string[] Tables =
    [
        "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, u UNIQUE, v, w UNIQUE)",
        "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, u UNIQUE, v, w UNIQUE) WITHOUT ROWID",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, u TEXT COLLATE NOCASE UNIQUE, v, w, UNIQUE(v, w))",
        "CREATE TABLE t(u, id INTEGER NOT NULL, v NOT NULL DEFAULT 1, w, PRIMARY KEY(v, id)); CREATE UNIQUE INDEX i ON t(u) WHERE w > 1; CREATE UNIQUE INDEX j ON t(w || 'x')",
        "CREATE TABLE t(id PRIMARY KEY NOT NULL, u UNIQUE ON CONFLICT REPLACE, v, w)",
        "CREATE TABLE t(id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, u UNIQUE, v, w)",
        "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, u NOT NULL DEFAULT 2 UNIQUE, v, w, g AS (v || '-' || w) UNIQUE)",
        "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, h INT GENERATED ALWAYS AS (g + 1) UNIQUE, u, v VARCHAR(9) DEFAULT (1), w, g INT AS (u + w) STORED)",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, u, v, w, UNIQUE(u, v)); CREATE UNIQUE INDEX i ON t((id % 3)); CREATE UNIQUE INDEX j ON t((w = 'x'), (1))",
        "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, u UNIQUE REFERENCES t(id) ON DELETE CASCADE ON UPDATE SET NULL, v UNIQUE, w)",
        "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, u UNIQUE ON CONFLICT REPLACE, v REFERENCES t(id) ON DELETE CASCADE, w)",
        "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, u UNIQUE, v REFERENCES t(id) ON DELETE CASCADE ON UPDATE CASCADE, w) WITHOUT ROWID",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, u, v, w REFERENCES t(id) ON DELETE CASCADE)",
        "CREATE TABLE t(id PRIMARY KEY NOT NULL, u, v REFERENCES t(id) ON DELETE CASCADE, w)",
        "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, u REFERENCES o(id) ON DELETE CASCADE, v, w UNIQUE); CREATE TABLE o(id TEXT PRIMARY KEY REFERENCES t(id)"
            + " ON DELETE CASCADE); CREATE TRIGGER o AFTER INSERT ON t BEGIN INSERT OR IGNORE INTO o VALUES (new.id); END",
    ];

    [Fact, Soak("replace")]
    public void Clocks_fit_the_rows_when_statements_replace_rows()
    {
        using Effort effort = Effort.Start("replace", output, sample: 40);
        List<string> history = [];
        while (effort.Next("histories"))
        {
            history.Clear();
            try
            {
                Run(effort, effort.Random, history);
            }
            catch
            {
                output.WriteLine(string.Join(";\n", history));
                throw;
            }
        }
    }

    private static void Run(Effort effort, Random random, List<string> history)
    {
        string table = Tables[random.Next(Tables.Length)] + "; SELECT cloudsync_init('t', 'cls', 7)";
        using Database from = Database.Open();
        using Database to = Database.Open();
        foreach (Database database in (Database[])[from, to])
        {
            database.Exec("PRAGMA foreign_keys = OFF;" + table);
        }

        bool hasForeignKeys = random.Next(3) < (table.Contains("CASCADE", StringComparison.Ordinal) ? 2 : 1);
        bool hasRowId = table.Contains("id INTEGER PRIMARY KEY", StringComparison.Ordinal);
        string settings = $"PRAGMA recursive_triggers = {random.Next(2)}; PRAGMA foreign_keys = {hasForeignKeys}";
        from.Exec(settings);
        history.AddRange([table, settings]);
        OneWay link = new(from, to);
        bool isSent = true;
        for (int i = 0; i < 25; i++)
        {
            string sql = Statement(random, hasRowId, out int rows);
            history.Add(sql);
            try
            {
                from.Exec(sql);
            }
            catch (SqlException failure) when (failure.Code is 19 or 20)
            {
                continue;
            }

            effort.Add("statements", 1);

            // What one row's statement does, a copy can do one after the other. Several rows can take each other's places in turn.
            isSent &= rows == 1 && !hasForeignKeys && !from.InTransaction;
            if (isSent)
            {
                link.Send();
                Assert.Equal(Rows(from), Rows(to));
            }
        }

        from.Exec(from.InTransaction ? "COMMIT" : "");
        from.Conforms();
    }

    private static string Statement(Random random, bool hasRowId, out int rows)
    {
        string id = Key(random);
        string[] conflicts = ["REPLACE", "REPLACE", "REPLACE", "IGNORE", "ABORT", "FAIL"];
        string conflict = conflicts[random.Next(conflicts.Length)];
        rows = 1;
        switch (random.Next(12))
        {
            case < 5:
                return $"INSERT OR {conflict} INTO t(id, u, v, w) VALUES ({id}, {Value(random)}, {Value(random)}, {Value(random)})";
            case 5:
                return $"INSERT OR {conflict} INTO t(id, u, v, w) VALUES ({id}, {Value(random)}, {Value(random)}, {Value(random)})"
                    + $" ON CONFLICT DO UPDATE SET w = {Value(random)}";
            case 6:
                rows = 2;
                return $"INSERT OR {conflict} INTO t(id, u, v, w) VALUES ({id}, {Value(random)}, {Value(random)}, {Value(random)}),"
                    + $" ({Key(random)}, {Value(random)}, {Value(random)}, {Value(random)})";
            case 7:
                return $"UPDATE OR {conflict} t SET u = {Value(random)}, w = {Value(random)} WHERE id = {id}";
            case 8:
                return $"UPDATE OR {conflict} t SET {(hasRowId && random.Next(3) == 0 ? "oid" : "id")} = {id}, v = {Value(random)} WHERE id = {Key(random)}";
            case 9:
                rows = 2;
                return $"UPDATE OR {conflict} t SET w = {Value(random)} WHERE v = {Value(random)}";
            case 10:
                return $"DELETE FROM t WHERE id = {id}";
            default:
                rows = 2;
                return random.Next(3) switch
                {
                    0 => "SAVEPOINT s",
                    1 => "SAVEPOINT s; DELETE FROM t WHERE v = 1; ROLLBACK TO s; RELEASE s",
                    _ => $"SAVEPOINT s; REPLACE INTO t(id, u, v, w) VALUES ({id}, {Value(random)}, 1, {Value(random)}); RELEASE s",
                };
        }
    }

    private static string Key(Random random) => random.Next(8) switch
    {
        0 => "1.0",
        1 => "'A'",
        2 => "'a'",
        3 => "-0.0",
        _ => random.Next(5).ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    private static string Value(Random random) => random.Next(6) switch
    {
        0 => "NULL",
        1 => "'x'",
        2 => "'X'",
        _ => random.Next(4).ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    private static List<object?[]> Rows(Database database) =>
        database.Query("SELECT typeof(id), id, typeof(u), u, typeof(v), v, typeof(w), w FROM t ORDER BY id, v");
}
