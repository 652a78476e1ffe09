using System.ComponentModel;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace ChunkSync.Loaded.Tests;

/// <summary>Runs the examples of docs/*.md. Blocks of a page run in order in one folder: <c>sql</c> in the <c>sqlite3</c> shell with the
/// library loaded, on the database that the info string names (<c>db=left</c>) or else on <c>page.db</c>; <c>python</c> where a python3
/// can load extensions; <c>c</c> with gcc. A <c>text</c> block right behind a block is its exact output, errors last. A block without one
/// must give no error. <c>csharp</c> blocks are compared with <see cref="DocumentationExamples"/>
/// and the examples of ChunkSync.Client.Tests and ChunkSync.EntityFrameworkCore.Tests, which run those.</summary>
public partial class DocumentationTests
{
    /// <summary>How the pages name the library.</summary>
    private const string LibraryOfPages = "./dist/linux-x64/chunksync";

    /// <summary>The pages whose blocks run here; those about receiving need several files and run in <see cref="ReceivingTests"/>.</summary>
    public static TheoryData<string> Pages => [.. DocumentationPage.Names.Where(name => name != "receiving.md")];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Examples_give_what_the_page_says_when_they_run_in_order(string page)
    {
        string folder = Directory.CreateTempSubdirectory("chunksync-docs").FullName;
        try
        {
            foreach (DocumentationPage.Block block in new DocumentationPage(page).Blocks)
            {
                string code = block.Code.Replace(LibraryOfPages, Repository.Library, StringComparison.Ordinal);
                if (Run(folder, block, code) is not (string output, string errors))
                {
                    continue;
                }

                string place = $"docs/{page}, line {block.Line}:\n";
                if (block.Expected == null)
                {
                    Assert.Equal(place, place + errors);
                }
                else
                {
                    Assert.Equal(place + block.Expected, place + Normalize(output + errors));
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Managed_examples_exchange_changes_when_they_are_run()
    {
        string folder = Directory.CreateTempSubdirectory("chunksync-docs").FullName;
        try
        {
            List<byte[]> first = DocumentationExamples.Send(Path.Combine(folder, "from.db"));
            List<byte[]> both = DocumentationExamples.Send(Path.Combine(folder, "from.db"));
            Assert.Single(first);
            string copy = Path.Combine(folder, "to.db");
            Assert.Equal("apple", DocumentationExamples.Receive(copy, Repository.Library, first));
            Assert.Equal("apple,apple", DocumentationExamples.Receive(copy, Repository.Library, both));
        }
        finally
        {
            SqliteConnection.ClearAllPools();
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Managed_example_fills_a_table_when_it_is_run()
    {
        using SqliteConnection connection = new("Data Source=:memory:");
        connection.Open();
        connection.LoadExtension(Repository.Library);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a);"
            + "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 2300) INSERT INTO t SELECT 'k' || i, i FROM c";
        command.ExecuteNonQuery();
        Assert.Equal(2300, DocumentationExamples.Fill(connection, "t", CancellationToken.None));
        command.CommandText = "SELECT count(*) FROM t_cloudsync";
        Assert.Equal(2300L, command.ExecuteScalar());
    }

    [Fact]
    public void Managed_examples_are_the_compiled_ones_when_a_page_shows_them()
    {
        string source = Repository.Read("tests/ChunkSync.Loaded.Tests/DocumentationExamples.cs")
            + Repository.Read("tests/ChunkSync.Client.Tests/Examples/DotNetExamples.cs")
            + Repository.Read("tests/ChunkSync.EntityFrameworkCore.Tests/Examples/EfCoreExamples.cs");
        int shown = 0;
        foreach (string page in DocumentationPage.Names)
        {
            foreach (DocumentationPage.Block block in new DocumentationPage(page).Blocks.Where(block => block.Language == "csharp"))
            {
                string example = block.Info.Replace("example=", "", StringComparison.Ordinal);
                string[] parts = [.. Region().Matches(source).Where(match => match.Groups["name"].Value == example)
                    .Select(match => Indent(match).Replace(match.Groups["code"].Value, ""))];
                Assert.True(parts.Length > 0, $"docs/{page}: there is no example {example}");
                Assert.Equal(string.Join("\n", parts), block.Code);
                shown++;
            }
        }

        Assert.True(shown > 1, "no csharp blocks were found");
    }

    [Fact]
    public void Links_lead_somewhere_when_they_are_followed()
    {
        foreach (string page in DocumentationPage.Names)
        {
            foreach (string link in new DocumentationPage(page).Links.Where(link => !link.Contains("://", StringComparison.Ordinal)))
            {
                string[] parts = link.Split('#');
                string target = parts[0].Length == 0 ? page : parts[0];
                Assert.True(File.Exists(Path.Combine(Repository.Root, "docs", target)), $"docs/{page}: {link}");
                Assert.True(parts.Length == 1 || new DocumentationPage(target).Anchors.Contains(parts[1]), $"docs/{page}: {link}");
            }
        }
    }

    /// <summary>Output and errors of a block; null when it is not run here.</summary>
    private static (string Output, string Errors)? Run(string folder, DocumentationPage.Block block, string code)
    {
        switch (block.Language)
        {
            case "sql":
                string database = block.Info.StartsWith("db=", StringComparison.Ordinal) ? block.Info[3..] : "page";
                string load = code.Contains(".load ", StringComparison.Ordinal) ? "" : $".load {Repository.Library}\n";
                (_, string output, string errors) = Repository.RunIn(folder, "sqlite3", load + code, "-batch", database + ".db");
                return (output, errors);
            case "python":
                if (Python() is not string python)
                {
                    return null;
                }

                (_, output, errors) = Repository.RunIn(folder, python, "", "-c", code);
                return (output, errors);
            case "c":
                File.WriteAllText(Path.Combine(folder, "example.c"), code);
                (int compiled, _, errors) = Repository.RunIn(
                    folder, "gcc", "", "-Wall", "-Wextra", "-Werror", "-o", "example", "example.c", "-lsqlite3");
                Assert.True(compiled == 0, errors);
                (_, output, errors) = Repository.RunIn(folder, Path.Combine(folder, "example"), "");
                return (output, errors);
            default:
                return null;
        }
    }

    /// <summary>A python3 whose sqlite3 module can load extensions, or null.</summary>
    internal static string? Python()
    {
        const string Probe = "import sqlite3; sqlite3.Connection.enable_load_extension";
        foreach (string candidate in (string[])["python3", "/usr/bin/python3"])
        {
            try
            {
                if (Repository.Run(candidate, "", "-c", Probe).Code == 0)
                {
                    return candidate;
                }
            }
            catch (Win32Exception)
            {
                // Not installed.
            }
        }

        return null;
    }

    /// <summary>Output without spaces at line ends, and errors without what depends on the shell: line and code numbers.</summary>
    private static string Normalize(string output) =>
        ErrorEnd().Replace(ErrorStart().Replace(LineEnd().Replace(output, ""), "Error: "), "$1");

    /// <summary>The indentation of a region's first line, at every line.</summary>
    private static Regex Indent(Match region) => new("^" + region.Groups["indent"].Value, RegexOptions.Multiline);

    [GeneratedRegex(@"^(Runtime|Parse) error near line \d+: ", RegexOptions.Multiline)]
    private static partial Regex ErrorStart();

    [GeneratedRegex(@"^(Error: .*) \(\d+\)$", RegexOptions.Multiline)]
    private static partial Regex ErrorEnd();

    [GeneratedRegex(@"[ ]+$", RegexOptions.Multiline)]
    private static partial Regex LineEnd();

    [GeneratedRegex(@"^(?<indent> *)// begin (?<name>[\w-]+)\n(?<code>.*?)^ *// end$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Region();
}
