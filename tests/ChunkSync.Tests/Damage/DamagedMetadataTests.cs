using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Damage;

/// <summary>Whatever somebody does to a metadata table: every call works, or fails with a text that names the table; no text of the .NET
/// runtime, no crash, no endless loop, and the user's own tables stay as they were.</summary>
public class DamagedMetadataTests(ITestOutputHelper output)
{
    /// <summary>What the .NET runtime says, and what is said where it did.</summary>
    private static readonly string[] ManagedTexts =
    [
        "internal error", "Object reference", "Specified argument", "Index was out", "Nullable object", "Arithmetic operation", "Input string",
        "was not in a correct", "Exception", "Sequence contains", "key was not present", "Unable to cast",
    ];

    [Fact, Soak("damaged-metadata", Weight = 2)]
    public void Failures_name_the_table_when_metadata_is_damaged()
    {
        using Effort effort = Effort.Start("damaged-metadata", output, sample: 30);
        using DamagedBase source = new();
        using TempFile scratch = new();
        List<DamagedOperation> operations = DamagedOperation.All(source, scratch.Path);
        List<MetadataDamage> damages;
        List<DamagedOutcome> undamaged;
        using (Database plain = Open(source.File))
        {
            damages = MetadataDamage.All(plain);
            undamaged = [.. operations.Select(operation => DamagedOutcome.Of(plain, operation))];
        }

        while (effort.Next("damages"))
        {
            Random random = effort.Random;
            MetadataDamage damage = damages[random.Next(damages.Count)];
            using TempFile file = new(source.File.Path);
            using Database database = random.Next(2) == 0 ? DamageLive(file, damage) : DamageClosed(file, damage);

            // A sample takes some of the calls, a long run all of them.
            int[] chosen = [.. Enumerable.Range(0, operations.Count)];
            random.Shuffle(chosen);
            foreach (int index in Effort.IsSoak ? chosen : chosen[..20])
            {
                Check(damage, operations[index], DamagedOutcome.Of(database, operations[index]), undamaged[index]);
                effort.Add("calls", 1);
            }
        }
    }

    [Fact]
    public void Every_function_and_table_is_tried_when_metadata_is_damaged()
    {
        using DamagedBase source = new();
        string tried = string.Join("\n", DamagedOperation.All(source, "x"));
        using Database database = Database.Open();
        Assert.All(database.Query("SELECT DISTINCT name FROM cloudsync_help"), row => Assert.Matches($@"\b{row[0]}\b", tried));
    }

    [Theory]
    [InlineData("DELETE FROM cloudsync_site_id", "SELECT cloudsync_set_filter('n', 'v > 1')", "cloudsync_site_id")]
    [InlineData("DELETE FROM cloudsync_site_id", "SELECT cloudsync_clear_filter('n')", "cloudsync_site_id")]
    [InlineData("DELETE FROM cloudsync_site_id", "SELECT cloudsync_siteid()", "cloudsync_site_id")]
    [InlineData("DELETE FROM cloudsync_site_id", "INSERT INTO n VALUES (1, 'x', 'y')", "cloudsync_site_id")]
    [InlineData("ALTER TABLE n_cloudsync RENAME COLUMN col_version TO version", "SELECT cloudsync_init('n')", "n_cloudsync")]
    [InlineData("DROP TABLE g_cloudsync", "UPDATE g SET a = 5", "g_cloudsync")]
    [InlineData("DROP TABLE n_cloudsync", "SELECT count(*) FROM cloudsync_changes", "n_cloudsync")]
    [InlineData("DELETE FROM cloudsync_schema_versions", "SELECT count(payload) FROM cloudsync_payload_chunks", "cloudsync_schema_versions")]
    [InlineData("DELETE FROM cloudsync_table_settings WHERE tbl_name = 'g'", "UPDATE g SET a = 5", "cloudsync_table_settings")]
    [InlineData("DROP TABLE t_cloudsync_blocks", "SELECT count(*) FROM cloudsync_changes", "t_cloudsync_blocks")]
    public void Table_is_named_when_it_is_damaged_in_a_known_way(string damage, string call, string table)
    {
        using DamagedBase source = new();
        foreach (bool live in (bool[])[true, false])
        {
            using TempFile file = new(source.File.Path);
            MetadataDamage done = new(table, damage, damage);
            using Database database = live ? DamageLive(file, done) : DamageClosed(file, done);

            // Another setting makes the connection read everything anew.
            SqlException? failure = Record.Exception(() => database.Exec("SELECT cloudsync_set_table('t', 'any', 'x')")) as SqlException;
            failure = Record.Exception(() => database.Query(call)) as SqlException ?? failure;
            Assert.NotNull(failure);
            Assert.Contains(table, failure.Text);
            Assert.DoesNotContain("internal error", failure.Text);
        }
    }

    [Fact]
    public void Loading_makes_what_is_missing_when_an_internal_table_was_dropped()
    {
        using DamagedBase source = new();
        foreach (string table in (string[])["cloudsync_settings", "cloudsync_table_settings", "cloudsync_schema_versions", "cloudsync_payload_fragments"])
        {
            using TempFile file = new(source.File.Path);
            using Database database = DamageClosed(file, new MetadataDamage(table, "dropped", "DROP TABLE " + table));
            Assert.Equal(1L, database.Scalar("SELECT count(*) FROM sqlite_master WHERE name = ?", table));
            Assert.Equal(source.SiteOfBase, database.Scalar("SELECT cloudsync_siteid()"));
        }
    }

    [Fact]
    public void Sync_goes_on_when_damaged_clocks_are_cleaned_up_and_made_anew()
    {
        using DamagedBase source = new();
        foreach (string damage in (string[])["DROP TABLE n_cloudsync", "ALTER TABLE n_cloudsync RENAME COLUMN seq TO number"])
        {
            using TempFile file = new(source.File.Path);
            using Database database = DamageClosed(file, new MetadataDamage("n_cloudsync", damage, damage));
            database.Exec("SELECT cloudsync_cleanup('n'); SELECT cloudsync_init('n'); INSERT INTO n VALUES (1, 'x', 'y')");
            Assert.Equal(3L, database.Scalar("SELECT count(*) FROM cloudsync_changes WHERE tbl = 'n'"));
            Assert.NotNull(database.Scalar("SELECT sum(length(payload)) FROM cloudsync_payload_chunks WHERE since_db_version = 0"));
            database.Conforms();
            database.Exec("UPDATE n SET v = 2 WHERE x = 'y'");
        }
    }

    [Fact]
    public void Row_is_not_left_without_clocks_when_a_change_is_inserted_and_they_cannot_be_written()
    {
        using DamagedBase source = new();
        using TempFile file = new(source.File.Path);
        using Database database = DamageClosed(file, new MetadataDamage("n_cloudsync", "a trigger",
            "CREATE TRIGGER refusing BEFORE INSERT ON n_cloudsync BEGIN SELECT RAISE(ABORT, 'no clocks'); END"));
        const string Insert = "INSERT INTO cloudsync_changes VALUES ('n', cloudsync_pk_encode('r', 's'), 'v', 5, 1, 100, x'0102', 1, 0)";
        foreach (string begin in (string[])["", "BEGIN"])
        {
            database.Exec(begin);
            SqlException failure = Assert.Throws<SqlException>(() => database.Exec(Insert));
            Assert.Contains("n_cloudsync", failure.Text);
            Assert.Equal(begin.Length > 0, failure.Text.EndsWith("; the transaction was rolled back", StringComparison.Ordinal));
            Assert.False(database.InTransaction);
            Assert.Equal(0L, database.Scalar("SELECT count(*) FROM n WHERE x = 's' OR y = 's'"));
        }
    }

    private static void Check(MetadataDamage damage, DamagedOperation operation, DamagedOutcome outcome, DamagedOutcome undamaged)
    {
        string context = $"{damage}; {operation}: {outcome.Text}\n(undamaged: {undamaged.Text})";
        Assert.False(outcome.LeavesStatementOpen, "a statement is still open; " + context);
        if (!outcome.Failed || outcome.Text == undamaged.Text)
        {
            return;
        }

        Assert.False(ManagedTexts.Any(text => outcome.Text.Contains(text, StringComparison.Ordinal)), context);

        // The triggers of a tree are plain SQL in the user's own statement: SQLite names the column.
        bool isTriggers = operation.Sql.Contains(" o ", StringComparison.Ordinal) && outcome.Text.Contains("no such column: ", StringComparison.Ordinal);
        Assert.True(isTriggers || outcome.Text.Contains(damage.Table, StringComparison.OrdinalIgnoreCase), "the table is not named; " + context);
        Assert.False(outcome.ChangedRows && !operation.KeepsRowsBefore, "rows have changed; " + context);
    }

    private static Database Open(TempFile file) =>
        Database.Open(file.Path).Deviates(Deviation.Damaged, "metadata is damaged: that is what is tried");

    /// <summary>Damages a file that nobody has open.</summary>
    private static Database DamageClosed(TempFile file, MetadataDamage damage)
    {
        using (Database damager = Database.Open(file.Path, register: false))
        {
            damager.Deviates(Deviation.Damaged, "that is what is tried");
            damager.Exec(damage.Sql);
        }

        return Open(file);
    }

    /// <summary>Damages the metadata of a connection that has used it.</summary>
    private static Database DamageLive(TempFile file, MetadataDamage damage)
    {
        Database database = Open(file);
        database.Query("SELECT count(*) FROM cloudsync_changes");
        database.Exec("BEGIN; INSERT INTO n VALUES (1, 'w', 'w'); ROLLBACK;" + damage.Sql);
        return database;
    }
}
