using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Capture;

/// <summary>REPLACE that removes rows of other keys. That clocks fit the rows is checked behind every statement.</summary>
public class ReplaceTests
{
    private const string Table = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, u UNIQUE, v TEXT COLLATE NOCASE UNIQUE);";
    private const string Init = "SELECT cloudsync_init('t');";
    private const string Rows = "INSERT INTO t(id, a, u, v) VALUES ('a', 1, 'ua', 'va'), ('b', 2, 'ub', 'vb'), ('c', 3, 'uc', 'vc'), ('n', 4, 'un', NULL);";
    private const string TempTriggers = "SELECT count(*) FROM sqlite_temp_master WHERE type = 'trigger'";

    public static TheoryData<string, string> Statements()
    {
        string[] tables =
        [
            Table,
            Table.Replace(");", ") WITHOUT ROWID;", StringComparison.Ordinal),
            Table.Replace("UNIQUE", "UNIQUE ON CONFLICT REPLACE", StringComparison.Ordinal),
            "CREATE TABLE t(a, id TEXT NOT NULL, u, v, PRIMARY KEY(id)); CREATE UNIQUE INDEX \"i\"\"1\" ON t(u DESC) WHERE a > 0 /* , ) */;"
                + " CREATE UNIQUE INDEX i2 ON t((lower(v) || ',)') COLLATE NOCASE, 1);",
            "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, u, v, g TEXT AS (u || '-') STORED UNIQUE, h AS (lower(v)) UNIQUE);",
            "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, u TEXT NOT NULL DEFAULT 'ub' UNIQUE, v DEFAULT 'vb' UNIQUE);",
        ];
        string[] statements =
        [
            "INSERT OR REPLACE INTO t(id, a, u, v) VALUES ('d', 9, 'ua', 'vd')",
            "REPLACE INTO t(id, a, u, v) VALUES ('d', 9, 'ua', 'VB')",
            "REPLACE INTO t(id, a, u, v) VALUES ('c', 9, 'ua', 'VB')",
            "INSERT OR REPLACE INTO t(id, a) VALUES ('d', 9)",
            "INSERT OR REPLACE INTO t(id, a, u, v) VALUES ('d', 9, NULL, 'vd')",
            "UPDATE OR REPLACE t SET u = 'ub' WHERE id = 'a'",
            "UPDATE OR REPLACE t SET u = 'ub', v = 'VC' WHERE id = 'a'",
            "UPDATE OR REPLACE t SET id = 'b' WHERE id = 'a'",
            "UPDATE OR REPLACE t SET id = 'b', v = 'Vc', a = a + 1 WHERE id = 'a'",
            "UPDATE OR REPLACE t SET id = 'e', u = 'uc' WHERE id = 'a'",
            "UPDATE OR REPLACE t SET a = 7 WHERE id = 'a'",
            "INSERT OR REPLACE INTO t(id, a, u, v) VALUES ('d', 9, 'ua', 'vd') ON CONFLICT(id) DO UPDATE SET a = 5",
            "INSERT OR REPLACE INTO t(id, a, u, v) VALUES ('a', 9, 'ub', 'vd') ON CONFLICT(id) DO UPDATE SET a = 5",
            "INSERT OR REPLACE INTO t(id, a, u, v) VALUES ('d', 9, 'ub', 'VC') ON CONFLICT DO NOTHING",
            "INSERT OR IGNORE INTO t(id, a, u, v) VALUES ('d', 9, 'ub', 'vd')",
            "INSERT INTO t(id, a, u, v) SELECT 'x', 1, 'ux', 'vx'",
        ];
        TheoryData<string, string> data = [];
        foreach (string table in tables)
        {
            foreach (string statement in statements)
            {
                data.Add(table, statement);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Statements))]
    public void Replaced_rows_die_elsewhere_when_another_key_takes_their_place(string table, string statement)
    {
        foreach (string setting in Share.Of((string[])["", "PRAGMA recursive_triggers = ON", "PRAGMA foreign_keys = ON", "BEGIN"], parts: 2))
        {
            using Database from = Made(table);
            using Database to = Database.Open();
            to.Exec(table + Init);
            OneWay link = new(from, to);
            link.Send();
            from.Exec(setting);
            object? before = from.Scalar("SELECT cloudsync_db_version()");
            Try(from, statement);
            from.Exec(from.InTransaction ? "COMMIT" : "");
            link.Send();
            Assert.Equal(State(from), State(to));
            Assert.True(Convert.ToInt64(from.Scalar("SELECT cloudsync_db_version()")) - Convert.ToInt64(before) <= 1);
        }
    }

    [Theory]
    [InlineData("INSERT OR REPLACE INTO t SELECT id || 'x', a, u, v FROM t")]
    [InlineData("INSERT OR REPLACE INTO t VALUES ('p', 1, 'ua', 'va'), ('q', 1, 'ua', 'vb'), ('a', 1, 'ua', 'vb'), ('a', 1, 'ub', 'vc')")]
    [InlineData("UPDATE OR REPLACE t SET u = 'same'")]
    [InlineData("UPDATE OR REPLACE t SET id = 'k' || (a % 2), v = NULL")]
    [InlineData("INSERT OR REPLACE INTO t VALUES ('p', 1, 'ua', 'x') RETURNING id")]
    [InlineData("BEGIN; REPLACE INTO t VALUES ('p', 1, 'ua', 'x'); SAVEPOINT s; REPLACE INTO t VALUES ('q', 1, 'ub', 'x'); ROLLBACK TO s; REPLACE INTO t VALUES ('r', 1, 'uc', 'y'); COMMIT")]
    [InlineData("BEGIN; REPLACE INTO t VALUES ('p', 1, 'ua', 'x'); ROLLBACK; REPLACE INTO t VALUES ('q', 1, 'ub', 'x')")]
    public void Clocks_fit_the_rows_when_one_statement_replaces_many(string sql)
    {
        foreach (string setting in (string[])["", "PRAGMA recursive_triggers = ON"])
        {
            using Database database = Made(Table);
            database.Exec(setting);
            database.Exec(sql);
            database.Conforms();
        }
    }

    [Fact]
    public void Tombstone_comes_before_the_new_row_when_a_row_is_replaced()
    {
        using Database database = Made(Table);
        database.Exec("REPLACE INTO t VALUES ('d', 9, 'ua', 'VB')");
        Assert.Equal(
            ["a __[RIP]__ 0", "b __[RIP]__ 1", "d a 2", "d u 3", "d v 4"],
            database.Query("SELECT cloudsync_pk_decode(pk, 1) || ' ' || col_name || ' ' || seq FROM t_cloudsync WHERE db_version = 2 ORDER BY seq")
                .Select(row => row[0]));
    }

    [Theory]
    [InlineData("INSERT OR REPLACE INTO t VALUES ('K', 9, 'x')", "K", "k")]
    [InlineData("INSERT INTO t VALUES ('K', 9, 'x') ON CONFLICT(id) DO UPDATE SET a = 9", "k", null)]
    [InlineData("UPDATE t SET id = 'K' WHERE id = 'k'", "K", "k")]
    [InlineData("UPDATE OR REPLACE t SET id = 'K' WHERE id = 'z'", "K", "k")]
    [InlineData("DELETE FROM t WHERE id = 'K'", null, "k")]
    public void Keys_that_are_equal_by_collation_are_captured_as_they_are_stored(string sql, string? alive, string? dead)
    {
        foreach (string table in (string[])["CREATE TABLE t(id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, a, u UNIQUE)",
            "CREATE TABLE t(id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, a, u) WITHOUT ROWID"])
        {
            using Database database = Database.Open();
            database.Exec(table + "; SELECT cloudsync_init('t', 'cls', 4); INSERT INTO t VALUES ('k', 1, 'y'), ('z', 2, 'z')");
            database.Exec(sql);
            Assert.Equal(alive, database.Scalar("SELECT id FROM t WHERE id = 'k'"));
            Assert.Equal(dead, database.Scalar("SELECT cloudsync_pk_decode(pk, 1) FROM t_cloudsync WHERE col_name = '__[RIP]__' AND col_version = 2"
                + " AND pk IN (cloudsync_pk_encode('k'), cloudsync_pk_encode('K'))"));
        }
    }

    [Theory]
    [InlineData("1", "1.0")]
    [InlineData("1.0", "1")]
    [InlineData("0", "-0.0")]
    [InlineData("0.0", "0")]
    [InlineData("-9223372036854775808", "-9223372036854775808.0")]
    [InlineData("9007199254740993", "9007199254740992.0")]
    public void Numbers_that_are_equal_are_one_row_when_the_key_has_no_type(string first, string second)
    {
        foreach (string sql in (string[])["INSERT OR REPLACE INTO t VALUES ({0}, 'x', 2)", "UPDATE t SET id = {0} WHERE id = {1}",
            "UPDATE OR REPLACE t SET id = {0} WHERE id = 'other'", "INSERT INTO t VALUES ({0}, 'x', 2) ON CONFLICT(id, k) DO UPDATE SET a = 3"])
        {
            using Database database = Database.Open();
            database.Exec("CREATE TABLE t(id, k TEXT DEFAULT 'x', a, PRIMARY KEY(id, k));" + Init + $"INSERT INTO t VALUES ({first}, 'x', 1), ('other', 'x', 1)");
            Try(database, string.Format(null, sql, second, first));
            database.Conforms();
        }
    }

    [Theory]
    [InlineData("INTEGER", "'5'")]
    [InlineData("REAL", "5")]
    [InlineData("NUMERIC", "'5.0'")]
    [InlineData("TEXT", "5")]
    [InlineData("INT", "5.0")]
    public void Clocks_have_the_stored_key_when_its_affinity_converts_it(string type, string value)
    {
        using Database database = Database.Open();
        database.Exec($"CREATE TABLE t(id {type} PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t', 'cls', 1); INSERT INTO t VALUES ({value}, 1);"
            + $"INSERT OR REPLACE INTO t VALUES ({value}, 2); UPDATE t SET id = {value}, a = 3; UPDATE t SET id = 7; DELETE FROM t WHERE id = '7'");
        database.Conforms();
        Assert.Equal(2L, database.Scalar("SELECT count(*) FROM t_cloudsync WHERE col_version = 2 AND col_name = '__[RIP]__'"));
    }

    [Fact]
    public void Replacing_a_row_is_refused_when_the_table_only_grows()
    {
        using Database database = Database.Open();
        database.Exec(Table + "SELECT cloudsync_init('t', 'gos');" + Rows);
        foreach (string begin in (string[])["", "BEGIN"])
        {
            database.Exec(begin);
            SqlException failure = Assert.Throws<SqlException>(() => database.Exec("REPLACE INTO t VALUES ('d', 1, 'ua', 'x')"));
            Assert.Contains("DELETE operation is not allowed on table t", failure.Text);
            Assert.Equal(4L, database.Scalar("SELECT count(*) FROM t"));
            database.Exec(database.InTransaction ? "COMMIT" : "");
        }
    }

    [Fact]
    public void Replaced_rows_are_captured_only_where_they_were_when_a_filter_is_set()
    {
        using Database database = Made(Table);
        database.Exec("SELECT cloudsync_set_filter('t', 'a > 1'); REPLACE INTO t VALUES ('d', 0, 'uc', 'x'); REPLACE INTO t VALUES ('e', 9, 'ua', 'y')");
        // Others know a, which has the value of e's unique column there.
        Assert.Equal(["c", "a"], database.Query(
            "SELECT cloudsync_pk_decode(pk, 1) FROM t_cloudsync WHERE col_name = '__[RIP]__' ORDER BY db_version").Select(row => row[0]));
    }

    [Fact]
    public void Replaced_rows_stay_silent_when_capture_is_off()
    {
        using Database database = Made(Table);
        database.Deviates(Deviation.Disabled, "rows are replaced while capture is off");
        database.Exec("SELECT cloudsync_disable('t'); REPLACE INTO t VALUES ('d', 0, 'uc', 'x'); SELECT cloudsync_enable('t'); UPDATE t SET a = 7 WHERE id = 'a';"
            + " REPLACE INTO t VALUES ('e', 0, 'ub', 'y')");
        Assert.Equal(["b"], database.Query("SELECT cloudsync_pk_decode(pk, 1) FROM t_cloudsync WHERE col_name = '__[RIP]__'").Select(row => row[0]));
    }

    [Theory]
    [InlineData("PRAGMA foreign_keys = OFF")]
    [InlineData("PRAGMA foreign_keys = ON")]
    public void Children_die_before_the_parent_when_a_replaced_row_cascades(string setting)
    {
        const string Schema = "CREATE TABLE p(id TEXT PRIMARY KEY NOT NULL, u UNIQUE);"
            + " CREATE TABLE c(id TEXT PRIMARY KEY NOT NULL, p REFERENCES p ON DELETE CASCADE, s REFERENCES p(u) ON UPDATE CASCADE ON DELETE SET NULL);"
            + " SELECT cloudsync_init('p'); SELECT cloudsync_init('c');";
        using Database from = Database.Open();
        using Database to = Database.Open();
        from.Exec(Schema + "INSERT INTO p VALUES ('a', 1), ('b', 2); INSERT INTO c VALUES ('x', 'a', 1), ('y', 'b', 1)");
        to.Exec("PRAGMA foreign_keys = OFF;" + Schema);
        OneWay link = new(from, to);
        link.Send();
        from.Exec(setting);
        from.Exec("INSERT OR REPLACE INTO p VALUES ('z', 1)");
        link.Send();
        Assert.Equal(
            from.Query("SELECT * FROM p UNION ALL SELECT id, p FROM c UNION ALL SELECT id, s FROM c ORDER BY 1, 2"),
            to.Query("SELECT * FROM p UNION ALL SELECT id, p FROM c UNION ALL SELECT id, s FROM c ORDER BY 1, 2"));
        Assert.Equal(setting.EndsWith("OFF", StringComparison.Ordinal) ? 0L : 1L, from.Scalar("SELECT count(*) FROM c_cloudsync WHERE col_name = '__[RIP]__'"));
    }

    /// <summary>SQLite leaves an UPDATE out, without an error, where what REPLACE removes for it removes the updated row itself, so that no trigger tells
    /// what was replaced. With recursive triggers it fails.</summary>
    [Theory]
    [InlineData("a UNIQUE, p REFERENCES t(id) ON DELETE CASCADE)", "UPDATE OR REPLACE t SET a = 4 WHERE id = 'k1'")]
    [InlineData("a UNIQUE ON CONFLICT REPLACE, p REFERENCES t(id) ON DELETE CASCADE)", "UPDATE t SET a = 4 WHERE id = 'k1'")]
    [InlineData("a UNIQUE, p REFERENCES t(id) ON DELETE CASCADE)", "UPDATE OR REPLACE t SET id = 'k9', a = 4 WHERE id = 'k1'")]
    [InlineData("a UNIQUE, p REFERENCES t(id) ON DELETE CASCADE)", "UPDATE OR REPLACE t SET id = 'k4' WHERE id = 'k1'")]
    [InlineData("a UNIQUE, p REFERENCES t(id) ON DELETE CASCADE) WITHOUT ROWID", "UPDATE OR REPLACE t SET a = 4 WHERE id = 'k1'")]
    [InlineData("a, p REFERENCES t(id) ON DELETE CASCADE)", "UPDATE OR REPLACE t SET id = 'k4' WHERE id = 'k1'")]
    [InlineData("a, p REFERENCES t(id) ON DELETE CASCADE) WITHOUT ROWID", "UPDATE OR REPLACE t SET id = 'k4' WHERE id = 'k1'")]
    [InlineData("a, p REFERENCES o(id) ON DELETE CASCADE)", "UPDATE OR REPLACE t SET id = 'k4' WHERE id = 'k1'")]
    [InlineData("a UNIQUE, p REFERENCES o(id) ON DELETE CASCADE)", "UPDATE OR REPLACE t SET a = 4 WHERE id = 'k1'")]
    public void All_removed_rows_die_elsewhere_when_replace_removes_the_updated_row_too(string columns, string statement)
    {
        string schema = $"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, {columns}; CREATE TABLE o(id TEXT PRIMARY KEY NOT NULL REFERENCES t(id) ON DELETE CASCADE);"
            + " SELECT cloudsync_init('t'), cloudsync_init('o');";
        foreach (string setting in (string[])["", "BEGIN", "PRAGMA recursive_triggers = ON", "SELECT cloudsync_set_filter('t', 'p IS NULL')"])
        {
            using Database from = Database.Open();
            using Database to = Database.Open();
            from.Exec(schema + "PRAGMA foreign_keys = ON;");
            to.Exec(schema);
            from.Exec("BEGIN; PRAGMA defer_foreign_keys = ON; INSERT INTO t VALUES ('k4', 4, NULL), ('k1', 1, 'k4'), ('k2', 2, 'k1'), ('k3', 3, NULL);"
                + " INSERT INTO o SELECT id FROM t; COMMIT");
            OneWay link = new(from, to);
            link.Send();
            from.Exec(setting);
            bool isRefused = !Try(from, statement);
            from.Exec(from.InTransaction ? "SAVEPOINT s; DELETE FROM t; ROLLBACK TO s; COMMIT" : "");
            link.Send();
            Assert.Equal(setting.StartsWith("PRAGMA", StringComparison.Ordinal), isRefused);
            Assert.Equal(isRefused ? 4L : 1L, from.Scalar("SELECT count(*) FROM t"));
            string seen = setting.Contains("filter", StringComparison.Ordinal) ? "SELECT * FROM t WHERE p IS NULL ORDER BY id" : "SELECT * FROM t ORDER BY id";
            Assert.Equal(from.Query(seen), to.Query(seen));

            // A late change of what is gone does not make half a row of it.
            from.Exec("INSERT INTO cloudsync_changes VALUES ('t', cloudsync_pk_encode('k4'), 'a', 40, 9, 9, x'07', 1, 0)");
            Assert.Equal(isRefused ? 1L : 0L, from.Scalar("SELECT count(*) FROM t WHERE id = 'k4'"));
        }
    }

    [Theory]
    [InlineData("UPDATE t SET id = 'z', u = u WHERE id = 'a'")]
    [InlineData("UPDATE OR REPLACE t SET id = 'z', u = u, v = 'vb' WHERE id = 'a'")]
    [InlineData("INSERT INTO t(id, u, v) VALUES ('z', 'ua', 'vz') ON CONFLICT(u) DO UPDATE SET id = excluded.id")]
    [InlineData("INSERT INTO t(id, u, v) VALUES ('z', 'ua', 'vz') ON CONFLICT(u) DO UPDATE SET id = excluded.id, u = excluded.u, v = 'new'")]
    public void Columns_arrive_when_the_row_is_written_again_under_its_new_key(string statement)
    {
        const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, u UNIQUE, v UNIQUE, p TEXT REFERENCES t(id) ON UPDATE CASCADE ON DELETE CASCADE);" + Init;
        const string Again = "CREATE TRIGGER again AFTER UPDATE ON t WHEN NEW.id <> OLD.id BEGIN UPDATE t SET a = 8 WHERE id = NEW.id;"
            + " UPDATE t SET a = 9 WHERE id = NEW.id; END;";
        foreach (string setting in (string[])["", Again, "PRAGMA foreign_keys = ON;", "PRAGMA foreign_keys = ON;" + Again])
        {
            using Database from = Database.Open();
            using Database to = Database.Open();
            to.Exec(Schema);
            from.Exec(Schema + "INSERT INTO t VALUES ('a', 1, 'ua', 'va', 'a'), ('b', 2, 'ub', 'vb', NULL), ('c', 3, 'uc', 'vc', 'a');" + setting);
            OneWay link = new(from, to);
            link.Send();
            from.Exec(statement);
            link.Send();
            Assert.Equal(from.Query("SELECT * FROM t ORDER BY id"), to.Query("SELECT * FROM t ORDER BY id"));
            const string Columns = "SELECT count(*) FROM cloudsync_changes WHERE cl % 2 = 1 AND col_name <> '__[RIP]__'";
            Assert.Equal(from.Scalar("SELECT 4 * count(*) FROM t"), from.Scalar(Columns));
            from.Conforms();
        }
    }

    [Theory]
    [InlineData("UPDATE OR REPLACE t SET u = 'ub' WHERE id = 'a'")]
    [InlineData("REPLACE INTO t VALUES ('a', 7, 'ub', 'vx')")]
    public void Replaced_row_is_captured_when_a_before_trigger_writes_the_row_that_replaces_it(string statement)
    {
        using Database database = Made(Table);
        database.Exec("CREATE TRIGGER u BEFORE UPDATE ON t BEGIN UPDATE t SET a = a + 1 WHERE id = OLD.id; END;"
            + " CREATE TRIGGER i BEFORE INSERT ON t BEGIN UPDATE t SET a = a + 1 WHERE id = NEW.id; END;" + statement);
        database.Conforms();
    }

    [Fact]
    public void Rows_that_a_trigger_writes_in_between_are_captured_when_rows_are_replaced()
    {
        using Database database = Made(Table);
        database.Exec("""
            CREATE TABLE log(x);
            CREATE TRIGGER before_t BEFORE INSERT ON t WHEN NEW.id NOT LIKE 'in%' BEGIN
              INSERT OR IGNORE INTO t VALUES ('in' || NEW.id, 1, 'ub', 'ign');
              INSERT OR REPLACE INTO t VALUES ('in2' || NEW.id, 1, 'uc', 'in2');
            END;
            CREATE TRIGGER after_t AFTER INSERT ON t WHEN NEW.id = 'd' BEGIN
              INSERT INTO log VALUES (NEW.id);
              UPDATE OR REPLACE t SET u = 'ub' WHERE id = 'n';
            END;
            REPLACE INTO t VALUES ('d', 1, 'ua', 'vd');
            INSERT OR IGNORE INTO t VALUES ('e', 1, 'ua', 'vd');
            PRAGMA recursive_triggers = ON;
            REPLACE INTO t VALUES ('f', 1, 'ua', 'in2');
            """);
        database.Conforms();
    }

    [Fact]
    public void Host_sees_its_own_numbers_when_a_row_is_replaced()
    {
        using Database database = Made(Table);
        database.Exec("REPLACE INTO t VALUES ('d', 9, 'ua', 'VB')");
        Assert.Equal(1L, database.Scalar("SELECT changes()"));
        Assert.Equal(5L, database.LastInsertRowId);
    }

    [Fact]
    public void No_temp_triggers_are_made_when_a_table_has_one_unique_index()
    {
        using TempFile file = new();
        foreach (string table in (string[])["CREATE TABLE x1(id TEXT PRIMARY KEY NOT NULL, a)", "CREATE TABLE x2(id INTEGER PRIMARY KEY, a)",
            "CREATE TABLE x3(id PRIMARY KEY, a)", "CREATE TABLE x4(a, b, c, PRIMARY KEY(a, b)) WITHOUT ROWID; CREATE UNIQUE INDEX i4 ON x4(c, b, a); CREATE INDEX j4 ON x4(c)"])
        {
            using (Database made = Database.Open(file.Path))
            {
                string name = table[13..15];
                made.Exec(table);
                made.Run("SELECT cloudsync_init(?, 'cls', 7)", name);
                made.Exec($"INSERT OR REPLACE INTO {name}({(name == "x4" ? "a, b" : "id, a")}) VALUES (1, 2)");
                Assert.Equal(0L, made.Scalar(TempTriggers));
            }

            using Database loaded = Database.Open(file.Path);
            Assert.Equal(0L, loaded.Scalar(TempTriggers));
        }
    }

    [Fact]
    public void Temp_triggers_are_made_once_when_the_extension_is_loaded()
    {
        using TempFile file = new();
        using (Database made = Database.Open(file.Path))
        {
            made.Exec(Table + Init);
            Assert.Equal(2L, made.Scalar(TempTriggers));
        }

        using (Database readOnly = Database.Open(file.Path, readOnly: true))
        {
            Assert.Equal(0L, readOnly.Scalar("SELECT count(*) FROM cloudsync_changes"));
            Assert.Equal(0L, readOnly.Scalar(TempTriggers));
        }

        using Database loaded = Database.Open(file.Path);
        object? version = loaded.Scalar("PRAGMA temp.schema_version");
        Assert.Equal(2L, loaded.Scalar(TempTriggers));
        loaded.Exec(Rows + "UPDATE t SET u = 4 WHERE id = 'a'; SELECT cloudsync_init('t'); BEGIN; DELETE FROM t; ROLLBACK; DELETE FROM t; SELECT cloudsync_payload_encode(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq) FROM cloudsync_changes");
        Assert.Equal(version, loaded.Scalar("PRAGMA temp.schema_version"));
        loaded.Exec("SELECT cloudsync_cleanup('t')");
        Assert.Equal(0L, loaded.Scalar(TempTriggers));
    }

    private static Database Made(string table)
    {
        Database database = Database.Open();
        database.Exec(table + Init + Rows);
        return database;
    }

    /// <summary>Runs a statement that the table's constraints may refuse.</summary>
    /// <returns>Whether they did not.</returns>
    private static bool Try(Database database, string sql)
    {
        try
        {
            database.Exec(sql);
            return true;
        }
        catch (SqlException failure) when (failure.Code == 19)
        {
            Assert.Contains("constraint failed", failure.Text);
            return false;
        }
    }

    private static List<object?[]> State(Database database) => database.Query("SELECT id, a, u, v FROM t ORDER BY id");
}
