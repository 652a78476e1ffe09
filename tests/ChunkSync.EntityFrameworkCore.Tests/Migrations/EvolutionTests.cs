using ChunkSync.EntityFrameworkCore.Tests.Host;
using Microsoft.Data.Sqlite;

namespace ChunkSync.EntityFrameworkCore.Tests.Migrations;

/// <summary>Synced tables that are migrated, up and down.</summary>
public sealed class EvolutionTests : IDisposable
{
    private const string Rows = "INSERT INTO Author(Id, Name, Note) VALUES ('a', 'Ann', 'n'), ('b', 'Bob', NULL), ('gone', 'x', 'y');"
        + " INSERT INTO Book(Id, AuthorId, Price, Old) VALUES ('1', 'a', '5', 'o'), ('2', 'b', '6', NULL), ('3', 'gone', '7', 'o'), ('4', 'a', '8', 'o');"
        + " DELETE FROM Author WHERE Id = 'gone'; DELETE FROM Book WHERE Id = '4'";

    private readonly TempFolder folder = new();

    [Fact]
    public void Alterations_lie_in_one_pair_for_each_table_and_transaction()
    {
        using VersionedContext first = Shop.Open("never opened", 1);
        using VersionedContext second = Shop.Open("never opened", 2);
        using VersionedContext third = Shop.Open("never opened", 3);
        Assert.Equal(
            ["SELECT cloudsync_init('Author');", "SELECT cloudsync_init('Book');"],
            Evolution.Sql(null, first).Where(sql => sql.Contains("cloudsync", StringComparison.Ordinal)));
        Assert.Equal(
            [
                "SELECT cloudsync_begin_alter('Book');", "ALTER TABLE \"Book\" ADD \"Isbn\" TEXT NULL DEFAULT 'none';", "SELECT cloudsync_commit_alter('Book');",
                "SELECT cloudsync_begin_alter('Author');", "ALTER TABLE \"Author\" RENAME COLUMN \"Name\" TO \"Title\";",
                "ALTER TABLE \"Author\" ADD \"Born\" INTEGER NOT NULL DEFAULT 0;", "SELECT cloudsync_commit_alter('Author');",
            ],
            Evolution.Sql(first, second).Where(sql => !sql.Contains("INDEX", StringComparison.Ordinal)).OrderBy(sql => sql.Contains("Author", StringComparison.Ordinal)));
        string[] rebuild = Evolution.Sql(second, third);
        Assert.Equal("! PRAGMA foreign_keys = 0;", rebuild[0]);
        Assert.Equal("! PRAGMA foreign_keys = 1;", rebuild[^1]);
        foreach (string table in (string[])["Author", "Book"])
        {
            int begin = Array.IndexOf(rebuild, $"SELECT cloudsync_begin_alter('{table}');");
            int commit = Array.IndexOf(rebuild, $"SELECT cloudsync_commit_alter('{table}');");
            Assert.Equal((begin, commit), (Array.LastIndexOf(rebuild, rebuild[begin]), Array.LastIndexOf(rebuild, rebuild[commit])));
            Assert.Equal(4, rebuild[begin..commit].Count(sql => sql.Contains($"\"ef_temp_{table}\"", StringComparison.Ordinal)));
            Assert.Contains($"DROP TABLE \"{table}\";", rebuild[begin..commit]);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Replicas_converge_when_they_are_migrated_up_and_down_at_different_times(bool sendsBefore)
    {
        using (VersionedContext one = Shop.Open(folder["one.db"], 1))
        using (VersionedContext other = Shop.Open(folder["other.db"], 1))
        {
            one.Database.EnsureCreated();
            other.Database.EnsureCreated();
            one.Run(Rows);
            await (sendsBefore ? Replicas.SettleAsync(one, other) : Task.CompletedTask);
        }

        Migrate("one.db", 1, 2);
        Migrate("one.db", 2, 3);
        using (VersionedContext one = Shop.Open(folder["one.db"], 3))
        {
            Assert.Equal(["a|Ann|n", "b|Bob|"], one.Lines("SELECT Id, Title, Note FROM Author ORDER BY Id"));
            Assert.Equal(["1|a|5", "2|b|6"], one.Lines("SELECT Id, AuthorId, Price FROM Book ORDER BY Id"));
            one.Run("UPDATE Author SET Title = 'Anna', Born = 1970 WHERE Id = 'a'; DELETE FROM Book WHERE Id = '2'; INSERT INTO Book(Id, AuthorId, Isbn) VALUES ('5', 'b', 'i')");
            using VersionedContext other = Shop.Open(folder["other.db"], 1);
            await Replicas.SendAsync(one, other);
        }

        Migrate("other.db", 1, 2);
        Migrate("other.db", 2, 3);
        await Equal(3, "a|Anna|1970|n,b|Bob|0|", "1|a|5|none,5|b|NULL|i");

        // Down again, at one of them first.
        Migrate("other.db", 3, 2);
        using (VersionedContext other = Shop.Open(folder["other.db"], 2))
        {
            other.Run("UPDATE Book SET Price = '9' WHERE Id = '1'; DELETE FROM Author WHERE Id = 'b'");
        }

        Migrate("one.db", 3, 2);
        await Equal(2, "a|Anna|1970|n", "1|a|9|none");
    }

    [Fact]
    public void Children_survive_when_their_parent_is_rebuilt()
    {
        using (VersionedContext before = Shop.Open(folder["a.db"], 2))
        {
            before.Database.EnsureCreated();
            before.Run("INSERT INTO Author(Id) VALUES ('a'); INSERT INTO Book(Id, AuthorId) VALUES ('1', 'a'), ('2', 'a')");
        }

        Migrate("a.db", 2, 3);
        using VersionedContext after = Shop.Open(folder["a.db"], 3);
        Assert.Equal(["1", "2"], after.Lines("SELECT Id FROM Book"));
        Assert.Equal(["0"], after.Lines("SELECT count(*) FROM cloudsync_changes WHERE cl = 2"));
        after.Run("PRAGMA foreign_keys = 1; DELETE FROM Author");
        Assert.Equal(["3"], after.Lines("SELECT count(*) FROM cloudsync_changes WHERE cl = 2"));
    }

    [Fact]
    public void Table_stays_captured_when_a_migration_fails_and_it_can_be_run_again()
    {
        using (VersionedContext before = Shop.Open(folder["a.db"], 2))
        {
            before.Database.EnsureCreated();
            before.Run("INSERT INTO Author(Id, Title) VALUES ('a', 'Ann')");

            // The rebuild of authors makes this index again, and cannot: a view has its name.
            before.Run("CREATE VIEW ef_temp_Author AS SELECT 1");
        }

        Assert.ThrowsAny<SqliteException>(() => Migrate("a.db", 2, 3));
        using (VersionedContext failed = Shop.Open(folder["a.db"], 2))
        {
            failed.Run("UPDATE Author SET Title = 'Anna'; INSERT INTO Author(Id, Title) VALUES ('b', 'Bob')");
            Assert.Equal(["a|2", "b|1"], failed.Lines("SELECT cloudsync_pk_decode(pk, 1), col_version FROM cloudsync_changes WHERE col_name = 'title' ORDER BY 1"));
            failed.Run("DROP VIEW ef_temp_Author; CREATE TABLE ef_temp_Author(left_over)");
        }

        Migrate("a.db", 2, 3);
        using VersionedContext after = Shop.Open(folder["a.db"], 3);
        Assert.Equal(["a|Anna", "b|Bob"], after.Lines("SELECT Id, Title FROM Author ORDER BY Id"));
        after.Run("DELETE FROM Author WHERE Id = 'b'");
        Assert.Equal(["1"], after.Lines("SELECT count(*) FROM cloudsync_changes WHERE cl = 2"));
    }

    [Fact]
    public void Sync_begins_and_ends_when_the_model_says_so()
    {
        using (VersionedContext plain = Item("a.db", isSynced: false))
        {
            plain.Database.EnsureCreated();
            plain.Run("INSERT INTO Item(Id) VALUES ('before')");
        }

        using VersionedContext synced = Item("a.db", isSynced: true);
        using VersionedContext again = Item("a.db", isSynced: false);
        Assert.Equal(["SELECT cloudsync_init('Item');"], Evolution.Sql(again, synced));
        Evolution.Migrate(again, synced);
        Assert.Equal(["1"], synced.Lines("SELECT count(*) FROM cloudsync_changes"));
        Assert.Equal(["SELECT cloudsync_cleanup('Item');"], Evolution.Sql(synced, again));
        Evolution.Migrate(synced, again);
        Assert.Equal(["0"], again.Lines("SELECT count(*) FROM sqlite_master WHERE name LIKE '%cloudsync%'"));
        Assert.Empty(Evolution.Sql(synced, synced));
    }

    [Fact]
    public void Table_is_released_before_it_is_dropped()
    {
        using VersionedContext with = Item("a.db", isSynced: true);
        with.Database.EnsureCreated();
        with.Run("INSERT INTO Item(Id) VALUES ('i')");
        using VersionedContext without = VersionedContext.On(folder["a.db"], "nothing", _ => { });
        Assert.Equal(["SELECT cloudsync_cleanup('Item');", "DROP TABLE \"Item\";"], Evolution.Sql(with, without));
        Evolution.Migrate(with, without);
        Assert.Equal(["0"], without.Lines("SELECT count(*) FROM sqlite_master WHERE name LIKE '%cloudsync%'"));
    }

    [Fact]
    public void Rename_and_other_key_and_other_algorithm_are_refused_with_how_to_go_on()
    {
        using VersionedContext before = Item("never opened", isSynced: true);
        using VersionedContext renamed = Of("renamed", model => model.Entity("Item", item => item.ToTable("Things").IsSynced().Property<string>("Id")));
        using VersionedContext rekeyed = Of("rekeyed", model => model.Entity("Item", item =>
        {
            item.IsSynced().Property<string>("Id");
            item.Property<string>("Shop");
            item.HasKey("Id", "Shop");
        }));
        using VersionedContext grows = Of("grows", model => model.Entity("Item", item => item.IsSynced(sync => sync.GrowOnly()).Property<string>("Id")));
        Refused(renamed, "The synced table Item cannot be renamed to Things");
        Refused(rekeyed, "The key of the synced table Item cannot be changed from (Id TEXT) to (Id TEXT, Shop TEXT)");
        Refused(grows, "The synced table Item cannot become a grow-only table");

        void Refused(VersionedContext after, string text)
        {
            string message = Assert.Throws<InvalidOperationException>(() => Evolution.Differences(before, after)).Message;
            Assert.StartsWith(text, message, StringComparison.Ordinal);
            Assert.Contains("Make a new table beside it", message, StringComparison.Ordinal);
        }

        static VersionedContext Of(string key, Action<ModelBuilder> build) => VersionedContext.On("never opened", key, build);
    }

    public void Dispose() => folder.Dispose();

    private VersionedContext Item(string file, bool isSynced) => VersionedContext.On(folder[file], ("item", isSynced), model => model.Entity("Item", item =>
    {
        item.Property<string>("Id");
        if (isSynced)
        {
            item.IsSynced();
        }
    }));

    private void Migrate(string file, int from, int to)
    {
        using VersionedContext before = Shop.Open(folder[file], from);
        using VersionedContext after = Shop.Open(folder[file], to);
        Evolution.Migrate(before, after);
    }

    private async Task Equal(int version, string authors, string books)
    {
        using VersionedContext one = Shop.Open(folder["one.db"], version);
        using VersionedContext other = Shop.Open(folder["other.db"], version);
        await Replicas.SettleAsync(one, other);
        foreach (VersionedContext context in (VersionedContext[])[one, other])
        {
            Assert.Equal(authors, string.Join(',', context.Lines("SELECT Id, Title, Born, Note FROM Author ORDER BY Id")));
            Assert.Equal(books, string.Join(',', context.Lines("SELECT Id, AuthorId, Price, Isbn FROM Book ORDER BY Id")));
            Assert.Equal(["ok"], context.Lines("PRAGMA integrity_check"));
            Assert.Empty(context.Lines("PRAGMA foreign_key_check"));
        }

        const string Clocks = "SELECT tbl, hex(pk), col_name, col_version, cl FROM cloudsync_changes ORDER BY 1, 2, 3";
        Assert.Equal(one.Lines(Clocks), other.Lines(Clocks));
    }
}
