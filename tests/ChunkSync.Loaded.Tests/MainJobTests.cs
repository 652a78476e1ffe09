namespace ChunkSync.Loaded.Tests;

/// <summary>What <c>./build.sh run</c> shows, on small inputs: it says that replicas are equal when they are, and only then.</summary>
public sealed class MainJobTests : IDisposable
{
    private const string Boards = """
        CREATE TABLE boards(id TEXT PRIMARY KEY NOT NULL, slug TEXT UNIQUE NOT NULL DEFAULT '', title TEXT CHECK (length(title) < 60));
        CREATE TABLE cards(id TEXT PRIMARY KEY NOT NULL, board TEXT REFERENCES boards(id), rank INTEGER, title TEXT, UNIQUE(board, rank));
        CREATE TABLE people(id INTEGER PRIMARY KEY, mail TEXT UNIQUE COLLATE NOCASE, age INTEGER CHECK (age > 0));
        INSERT INTO boards SELECT 'b' || value, 'slug' || value, 'Board ' || value FROM generate_series(1, 60);
        INSERT INTO cards SELECT 'c' || value, 'b' || (1 + value % 50), value / 50, 'Card ' || value FROM generate_series(1, 1000);
        INSERT INTO people SELECT value, 'm' || value || '@example.org', value FROM generate_series(1, 300);
        """;

    private const string Folders = """
        CREATE TABLE folders(id INTEGER PRIMARY KEY, parent INTEGER REFERENCES folders(id), name TEXT);
        INSERT INTO folders SELECT value, CASE WHEN value > 5 THEN value / 5 END, 'Folder ' || value FROM generate_series(1, 400);
        CREATE TABLE pairs(a TEXT NOT NULL, b TEXT NOT NULL, PRIMARY KEY(a, b));
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("chunksync-job").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Copies_of_the_documentation_are_equal_when_what_collided_is_taken_back()
    {
        string output = Run(0, "waiting", "--members", "3000");
        Assert.Contains("equal: yes", output);
        Assert.Contains("CHECK constraint failed", output);
        Assert.Contains("FOREIGN KEY constraint failed", output);
        Assert.Contains("UNIQUE constraint failed", output);
        Assert.Contains("D25", output);
        Assert.Contains("stars", output);
    }

    [Fact]
    public void Copies_of_a_database_are_equal_when_it_has_constraints()
    {
        string output = Run(0, "waiting", Database(Boards));
        Assert.Contains("equal: yes", output);
        Assert.Contains("UNIQUE constraint failed: people.mail", output);
    }

    [Fact]
    public void Copies_are_said_to_differ_when_a_trigger_writes_something_else_in_each()
    {
        string output = Run(1, "waiting", Database(Boards + """
            CREATE TRIGGER own AFTER UPDATE OF mail ON people BEGIN UPDATE people SET age = 1 + abs(random() % 1000000) WHERE id = NEW.id; END;
            """));
        Assert.Contains("equal: no", output);
        Assert.Contains("people.age", output);
    }

    [Fact]
    public void Outline_of_the_documentation_is_one_tree_when_two_replicas_edit_it()
    {
        string output = Run(0, "tree", "--members", "3000");
        Assert.Contains("equal: yes", output);
        Assert.Contains("The tree: 0 cycles", output);
        Assert.Contains("One of them: N:", output);
    }

    [Fact]
    public void Table_of_a_database_is_one_tree_when_two_replicas_edit_it()
    {
        string output = Run(0, "tree", Database(Folders), "folders", "parent");
        Assert.Contains("equal: yes", output);
        Assert.Contains("An outline of 400 nodes", output);
    }

    [Theory]
    [InlineData("pairs", "b", "the key of pairs is not one column")]
    [InlineData("folders", "above", "table folders has no column above")]
    [InlineData("nothing", "b", "there is no table nothing")]
    [InlineData("folders", null, "tree takes a database, a table and its parent column")]
    public void Reason_is_given_when_a_table_cannot_be_a_tree(string table, string? parent, string reason)
    {
        Assert.Contains(reason, Run(1, ["tree", Database(Folders), table, .. parent == null ? [] : new[] { parent }]));
    }

    private string Database(string sql)
    {
        string path = Path.Combine(folder, "my.db");
        (int code, _, string errors) = Repository.Run("sqlite3", sql, "-batch", path);
        Assert.Equal((0, ""), (code, errors));
        return path;
    }

    /// <summary>The output of the program, its line breaks taken for spaces: what is wider than a terminal is broken.</summary>
    private static string Run(int expected, params string[] arguments)
    {
        string program = Directory.GetFiles(Path.Combine(Repository.Root, "samples", "MainJob", "bin", "Release"), "*MainJob.dll", SearchOption.AllDirectories)
            .OrderByDescending(File.GetLastWriteTimeUtc).First();
        string suffix = OperatingSystem.IsWindows() ? ".dll" : OperatingSystem.IsMacOS() ? ".dylib" : ".so";
        (int code, string output, string errors) = Repository.Run("env", "", ["NO_COLOR=1", "dotnet", program, Repository.Library + suffix, .. arguments]);
        Assert.True(code == expected, output + errors);
        return string.Join(' ', output.Split((char[])['\n', '\r', ' '], StringSplitOptions.RemoveEmptyEntries));
    }
}
