using ChunkSync.EntityFrameworkCore.Tests.Host;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace ChunkSync.EntityFrameworkCore.Tests.Migrations;

/// <summary>Migrations as <c>dotnet ef</c> runs them and writes them into scripts.</summary>
public sealed class MigratorTests : IDisposable
{
    private readonly TempFolder folder = new();

    [Fact]
    public async Task Second_replica_converges_when_both_are_migrated_to_and_fro()
    {
        using MigratedContext one = MigratedContext.Open(folder["one.db"]);
        using MigratedContext other = MigratedContext.Open(folder["other.db"]);
        IMigrator migrator = one.GetService<IMigrator>();
        migrator.Migrate("20260101000000_First");
        one.Run("INSERT INTO Author(Id, Name) VALUES ('a', 'Ann'), ('gone', 'x'); INSERT INTO Book(Id, AuthorId, Old) VALUES ('1', 'a', 'o'), ('2', 'gone', 'o');"
            + " DELETE FROM Author WHERE Id = 'gone'");
        other.Database.Migrate();
        migrator.Migrate();
        migrator.Migrate();
        one.Run("UPDATE Author SET Born = 1970");
        await Replicas.SettleAsync(one, other);
        Assert.Equal(["a|Ann|1970|"], other.Lines("SELECT Id, Title, Born, Note FROM Author"));
        Assert.Equal(["1|a|of 1"], other.Lines("SELECT Id, AuthorId, Isbn FROM Book"));
        Assert.Equal(["ok"], one.Lines("PRAGMA integrity_check"));

        migrator.Migrate("20260102000000_Second");
        one.Run("UPDATE Author SET Title = 'Anna'");
        migrator.Migrate("20260101000000_First");
        Assert.Equal(["a|Anna|"], one.Lines("SELECT Id, Name, Note FROM Author"));
        migrator.Migrate("0");
        Assert.Equal(["0"], one.Lines("SELECT count(*) FROM sqlite_master WHERE name LIKE '%cloudsync%' OR name IN ('Author', 'Book')"));
    }

    [Fact]
    public void Script_has_the_calls_and_runs_in_any_tool_with_the_library()
    {
        using MigratedContext context = MigratedContext.Open(folder["a.db"]);
        string script = context.GetService<IMigrator>().GenerateScript();
        string[] calls = [.. script.Split('\n').Select(line => line.Trim()).Where(line => line.Contains("cloudsync", StringComparison.Ordinal))];
        Assert.Equal(["SELECT cloudsync_init('Author');", "SELECT cloudsync_init('Book');"], calls[..2]);
        Assert.Equal(calls.Count(line => line.Contains("begin_alter", StringComparison.Ordinal)), calls.Count(line => line.Contains("commit_alter", StringComparison.Ordinal)));
        Assert.True(calls.Length >= 10, script);

        // A transaction is never open between the pair of one and the pragma of the next.
        int depth = 0;
        foreach (string line in script.Split('\n'))
        {
            depth += line.Contains("cloudsync_begin_alter", StringComparison.Ordinal) ? 1 : line.Contains("cloudsync_commit_alter", StringComparison.Ordinal) ? -1 : 0;
            Assert.True(depth == 0 || !(line.StartsWith("COMMIT", StringComparison.Ordinal) || line.StartsWith("PRAGMA", StringComparison.Ordinal)), script);
        }

        context.Database.OpenConnection();
        using (System.Data.Common.DbCommand command = context.Database.GetDbConnection().CreateCommand())
        {
            command.CommandText = script;
            command.ExecuteNonQuery();
        }

        context.Run("INSERT INTO Author(Id, Title) VALUES ('a', 'Ann'); INSERT INTO Book(Id, AuthorId) VALUES ('1', 'a')");
        Assert.Equal(["Author|born", "Author|note", "Author|title", "Book|authorid", "Book|isbn", "Book|price"],
            context.Lines("SELECT DISTINCT tbl, col_name FROM cloudsync_changes ORDER BY 1, 2"));
    }

    public void Dispose() => folder.Dispose();
}
