using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Capture;

/// <summary>Keys with another collation than BINARY need a flag, and only once.</summary>
public unsafe class KeyCollationTests
{
    [Theory]
    [InlineData("id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, a", "id", "NOCASE")]
    [InlineData("id TEXT NOT NULL, a, PRIMARY KEY(id COLLATE rtrim)", "id", "rtrim")]
    [InlineData("id TEXT COLLATE NOCASE NOT NULL, a, PRIMARY KEY(id COLLATE BINARY)", "id", "NOCASE")]
    [InlineData("a, \"the k\"\"ey\" COLLATE NOCASE NOT NULL, x TEXT NOT NULL, PRIMARY KEY(x, \"the k\"\"ey\")", "the k\"ey", "NOCASE")]
    [InlineData("x TEXT, y INTEGER COLLATE NOCASE, a, PRIMARY KEY(x, y)", "y", "NOCASE")]
    [InlineData("x TEXT, a, PRIMARY KEY(x, x COLLATE NOCASE)", "x", "NOCASE")]
    [InlineData("id TEXT COLLATE Elsewhere PRIMARY KEY NOT NULL, a", "id", "Elsewhere")]
    public void Init_names_table_column_and_collation_when_a_new_key_is_not_binary(string columns, string column, string collation)
    {
        foreach (string kind in (string[])["", " WITHOUT ROWID"])
        {
            using Database database = Database.Open();
            _ = NativeSqlite.CreateCollation(database.Handle, "Elsewhere", 1, 0, &CompareLengths, 0);
            database.Exec($"CREATE TABLE t({columns}){kind}");
            List<object?[]> before = database.Query("SELECT * FROM sqlite_master");
            foreach (string arguments in (string[])["'t'", "'T', 'gos'", "'t', NULL, 3"])
            {
                SqlException failure = Assert.Throws<SqlException>(() => database.Scalar($"SELECT cloudsync_init({arguments})"));
                Assert.StartsWith($"The key column {column} of table {arguments[1]} has the collation {collation}: ", failure.Text);
                Assert.Contains("add 4 to the third argument", failure.Text);
                Assert.Equal(before, database.Query("SELECT * FROM sqlite_master"));
            }

            foreach (int flags in (int[])[4, 7])
            {
                database.Exec($"BEGIN; SELECT cloudsync_init('t', 'cls', {flags}); ROLLBACK");
            }
        }
    }

    [Theory]
    [InlineData("id INTEGER COLLATE NOCASE PRIMARY KEY, a")]
    [InlineData("id TEXT COLLATE binary NOT NULL, a TEXT COLLATE NOCASE UNIQUE, PRIMARY KEY(id COLLATE Binary DESC)")]
    [InlineData("id TEXT PRIMARY KEY NOT NULL, a, UNIQUE(id COLLATE NOCASE)")]
    public void Init_takes_a_table_when_only_what_is_no_key_has_another_collation(string columns)
    {
        using Database database = Database.Open();
        database.Exec($"CREATE TABLE t({columns}); SELECT cloudsync_init('t', 'cls', 1)");
    }

    [Theory]
    [InlineData("SELECT cloudsync_init('t')")]
    [InlineData("SELECT cloudsync_init('T', 'cls', 0)")]
    [InlineData("ALTER TABLE t ADD COLUMN b; SELECT cloudsync_init('t')")]
    [InlineData("SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN b; SELECT cloudsync_commit_alter('t')")]
    [InlineData("SELECT cloudsync_recapture('t', 'values')")]
    [InlineData("SELECT cloudsync_set_filter('t', 'a > 0'); SELECT cloudsync_clear_filter('t')")]
    [InlineData("DROP TRIGGER cloudsync_after_delete_t; SELECT cloudsync_init('t')")]
    [InlineData("UPDATE cloudsync_settings SET value = '1.1.0' WHERE key = 'version'; DROP TRIGGER cloudsync_after_insert_t")]
    [InlineData("DELETE FROM cloudsync_table_settings; SELECT cloudsync_init('t')")]
    [InlineData("DELETE FROM cloudsync_site_id; SELECT cloudsync_init('t')")]
    [InlineData("CREATE TABLE n(id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, a, c); INSERT INTO n SELECT *, 1 FROM t; DROP TABLE t;"
        + " ALTER TABLE n RENAME TO t; SELECT cloudsync_init('t')")]
    public void Tracked_table_goes_on_when_its_key_is_not_binary(string work)
    {
        using TempFile file = new();
        using (Database database = Database.Open(file.Path))
        {
            database.Exec("CREATE TABLE t(id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t', 'cls', 4);"
                + " INSERT INTO t VALUES ('k', 1)");
            database.Deviates(Deviation.Damaged, "metadata is damaged in some of the cases").Exec(work);
        }

        using Database again = Database.Open(file.Path);
        again.Exec("SELECT cloudsync_init('t'); INSERT OR REPLACE INTO t(id, a) VALUES ('K', 2)");
        Assert.Equal("K", again.Scalar("SELECT group_concat(cloudsync_pk_decode(pk, 1)) FROM cloudsync_changes WHERE col_name = 'a'"));
        again.Conforms();
    }

    [Fact]
    public void Flag_is_needed_again_when_the_table_was_cleaned_up()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t', 'cls', 4);"
            + " SELECT cloudsync_cleanup('t')");
        Assert.Throws<SqlException>(() => database.Scalar("SELECT cloudsync_init('t')"));
        database.Exec("SELECT cloudsync_init('t', 'cls', 4)");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CompareLengths(nint argument, int leftLength, byte* left, int rightLength, byte* right) => leftLength - rightLength;
}
