using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Merge;

/// <summary>What a merged change makes foreign keys do is captured as if somebody had made the change here: the oracle is the same change
/// written with DELETE or UPDATE, so that SQLite's own cascades fire the capture triggers. Both are undone again.</summary>
public class CascadeOracleTests(ITestOutputHelper output)
{
    /// <summary>What a write left: its refusal, all rows, dangling references, and what was captured.</summary>
    private sealed record Outcome(string? Refusal, List<string> Rows, object? Dangling, HashSet<(string Table, string Key, string Column)> Captured);

    [Fact, Soak("cascade-oracle", Weight = 2)]
    public void Merged_change_captures_what_a_local_one_does_when_foreign_keys_are_of_any_kind()
    {
        using Effort effort = Effort.Start("cascade-oracle", output, sample: 10);
        while (effort.Next("schemas"))
        {
            RandomFamily family = new(effort.Random);
            using Database database = Database.Open();
            database.Exec(family.Schema + "BEGIN");
            family.Fill((sql, parameters) => Attempt(() => database.Run(sql, parameters)));
            TidyUp(database, family);
            database.Exec("PRAGMA foreign_keys = ON");
            for (int i = 0; i < 12; i++)
            {
                Compare(database, family, effort);
            }
        }

        Assert.True(Effort.IsRepeat || effort.Count("captured") > effort.Count("schemas"), "too little is captured");
    }

    /// <summary>Rows that refer to nothing go away, so that the commit is one that SQLite accepts.</summary>
    private static void TidyUp(Database database, RandomFamily family)
    {
        while (database.Query("SELECT DISTINCT c.\"table\", f.\"from\", f.\"to\", f.\"table\" FROM pragma_foreign_key_check AS c, pragma_foreign_key_list(c.\"table\") AS f"
            + " WHERE f.id = c.fkid AND f.seq = 0") is { Count: > 0 } dangling)
        {
            foreach (object?[] key in dangling)
            {
                string to = key[2] as string ?? "k";
                database.Exec((string)key[1]! == "k" ? $"DELETE FROM {key[0]} WHERE k NOT IN (SELECT u FROM {key[3]})"
                    : (string)key[1]! == "a" ? $"UPDATE {key[0]} SET a = NULL"
                    : $"UPDATE {key[0]} SET {key[1]} = NULL WHERE {key[1]} NOT IN (SELECT {to} FROM {key[3]} WHERE {to} IS NOT NULL)");
            }
        }

        database.Exec("COMMIT");
        Assert.NotEmpty(family.Tracked);
    }

    private static void Compare(Database database, RandomFamily family, Effort effort)
    {
        Random random = effort.Random;
        string table = family.Tracked[random.Next(family.Tracked.Count)];
        List<object?[]> rows = database.Query($"SELECT {KeyOf(database, table)}, k, m FROM {table}");
        if (rows.Count == 0)
        {
            return;
        }

        object?[] row = rows[random.Next(rows.Count)];
        byte[] key = (byte[])row[0]!;
        (string? column, object? value) = random.Next(5) switch
        {
            0 or 1 => (null, null),
            2 or 3 => ("u", (object?)family.Unique()),
            _ => ("a", "y"),
        };
        List<string> before = Rows(database);
        Outcome merged = Undone(database, family, (table, key), () => database.Run(
            "INSERT INTO cloudsync_changes VALUES (?, ?, ?, ?, ?, 1, x'EEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEE', ?, 0)",
            table, key, column ?? "__[RIP]__", value, column == null ? 2L : 9L, column == null ? 2L : 1L));
        Outcome written = Undone(database, family, (table, key), () => database.Run(
            column == null ? $"DELETE FROM {table} WHERE k = ?1 AND m = ?2" : $"UPDATE {table} SET {column} = ?3 WHERE k = ?1 AND m = ?2",
            column == null ? [row[1], row[2]] : [row[1], row[2], value]));
        string what = $"{table} {row[1]} {row[2]}: {column ?? "delete"} {value}\n{family.Schema}\n{string.Join("\n", before)}";
        Assert.Equal(before, Rows(database));
        Agree(merged, written, database, what, effort);
    }

    private static void Agree(Outcome merged, Outcome written, Database database, string what, Effort effort)
    {
        Assert.True((merged.Refusal == null) == (written.Refusal == null), $"{merged.Refusal}\n{written.Refusal}\n{what}");
        Assert.True(merged.Rows.SequenceEqual(written.Rows), $"rows differ\n{what}");
        Assert.True(Equals(merged.Dangling, written.Dangling), $"references differ\n{what}");
        if (merged.Refusal != null)
        {
            effort.Add("refused", 1);
            return;
        }

        effort.Add("captured", merged.Captured.Count);
        Assert.True(merged.Captured.IsSubsetOf(written.Captured), $"captured although nothing happened: {string.Join("; ", merged.Captured.Except(written.Captured))}\n{what}");
        foreach ((string table, string key, string column) in written.Captured.Except(merged.Captured))
        {
            // The triggers see every step: a column that is what it was in the end is captured there, and needs not be.
            string row = $"{table} {key} ";
            int place = database.Query($"SELECT name FROM pragma_table_info('{table}')").FindIndex(name => (string)name[0]! == column);
            string Cell(List<string> rows) => rows.Find(line => line.StartsWith(row, StringComparison.Ordinal))?[row.Length..].Split('\t')[place] ?? "";
            Assert.True(place >= 0 && Cell(merged.Rows) == Cell(Rows(database)), $"not captured: {table} {key} {column}\n{what}");
        }
    }

    private static Outcome Undone(Database database, RandomFamily family, (string Table, byte[] Key) own, Action write)
    {
        long since = (long)database.Scalar("SELECT cloudsync_db_version()")!;
        database.Exec("BEGIN");
        string? refusal = Attempt(write)?.Text;
        string ownRow = $"{own.Table} {Convert.ToHexString(own.Key)}";

        // That a row that moved has a sentinel of its first life makes no difference.
        HashSet<(string Table, string Key, string Column)> captured =
        [
            .. family.Tracked.SelectMany(table => database.Query(
                $"SELECT '{table}', hex(pk), col_name || iif(col_name = '__[RIP]__', col_version, '') FROM {table}_cloudsync WHERE site_id = 0 AND db_version > ?"
                + " AND NOT (col_name = '__[RIP]__' AND col_version = 1)", since))
                .Select(row => ((string)row[0]!, (string)row[1]!, (string)row[2]!)).Where(row => $"{row.Item1} {row.Item2}" != ownRow),
        ];
        Outcome outcome = new(refusal, Rows(database), database.Scalar("SELECT count(*) FROM pragma_foreign_key_check"), captured);
        if (database.InTransaction)
        {
            database.Exec("ROLLBACK");
        }

        return outcome;
    }

    /// <summary>All rows: table, key in hex, values.</summary>
    private static List<string> Rows(Database database) =>
    [
        .. database.Query("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 't[0-9]' ORDER BY name")
            .SelectMany(table => database.Query($"SELECT hex({KeyOf(database, (string)table[0]!)}), * FROM {table[0]} ORDER BY 1")
                .Select(row => $"{table[0]} {row[0]} {string.Join("\t", row.Skip(1).Select(FixtureValues.Describe))}")),
    ];

    private static string KeyOf(Database database, string table) => "cloudsync_pk_encode(" + (string)database.Scalar(
        "SELECT group_concat(name) FROM (SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY cid)", table)! + ")";

    private static SqlException? Attempt(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (SqlException refused)
        {
            return refused;
        }
    }
}
