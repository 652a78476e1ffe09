using System.Text;
using System.Text.RegularExpressions;

namespace ChunkSync.Loaded.Tests;

public partial class ShellTests
{
    private const string Setup = """
        CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, name TEXT, price REAL);
        SELECT cloudsync_init('items') IS NOT NULL;
        INSERT INTO items VALUES ('a', 'apple', 1.5), ('b', 'banana', 2);
        """;

    private const string Count = "SELECT sum(rows) FROM cloudsync_payload_chunks;";

    [Fact]
    public void Readme_session_runs_when_it_is_pasted_into_the_shell()
    {
        string block = FirstBlock().Match(Repository.Read("README.md")).Groups[1].Value;
        Assert.Contains(".load", block);
        (int code, string output, string errors) = Repository.Run("sqlite3", block, "-batch");
        Assert.Equal("", errors);
        Assert.Equal(0, code);
        Assert.Contains("apple", output);
    }

    [Fact]
    public void Changes_are_paged_when_the_library_is_loaded()
    {
        Assert.Equal("1\n4\n", Ok(Setup + Count));
    }

    [Fact]
    public void Linked_codec_is_named_when_it_is_asked_for()
    {
        Assert.Matches("^liblz4 1\\.(9|10)\\.[0-9]+\n$", Ok("SELECT chunksync_codec();"));
    }

    [Fact]
    public void Library_works_when_it_is_loaded_twice()
    {
        Assert.Equal("1\n4\n", Ok($".load {Repository.Library}\n" + Setup + Count));
    }

    [Theory]
    [InlineData("sqlite3_extension_init")]
    [InlineData("sqlite3_chunksync_init")]
    [InlineData("sqlite3_cloudsync_init")]
    public void Entry_point_is_found_when_it_is_asked_for_by_name(string entry)
    {
        (_, string output, string errors) = Repository.Run(
            "sqlite3", $".load {Repository.Library} {entry}\nSELECT cloudsync_version();\n", "-batch");
        Assert.Equal("1.1.4\n" + "", output + errors);
    }

    [Theory]
    [InlineData("PRAGMA query_only = ON;")]
    [InlineData("PRAGMA trusted_schema = OFF;")]
    [InlineData("BEGIN;")]
    [InlineData("BEGIN; INSERT INTO items VALUES ('c', 'cherry', 3);", 6)]
    public void Scan_works_when_the_connection_is_restricted_or_in_a_transaction(string before, int rows = 4)
    {
        Assert.Equal($"1\n{rows}\n", Ok(Setup + before + Count));
    }

    [Fact]
    public void Scan_works_when_the_file_is_read_only()
    {
        string file = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N") + ".db");
        try
        {
            Assert.Equal("1\n", Repository.Shell(Setup, file).Output);
            (int code, string output, string errors) = Repository.Shell(Count + "SELECT count(*) FROM cloudsync_changes;", "-readonly", file);
            Assert.Equal((0, "4\n4\n", ""), (code, output, errors));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Attached_file_is_left_alone_when_it_tracks_a_table_of_the_same_name()
    {
        string folder = Directory.CreateTempSubdirectory("chunksync-attached").FullName;
        try
        {
            string main = Path.Combine(folder, "a.db");
            string other = Path.Combine(folder, "b.db");
            Assert.Equal("1\n", Repository.Shell(Setup, main).Output);
            Assert.Equal("1\n", Repository.Shell(Setup, other).Output);
            (_, string output, string errors) = Repository.Shell(
                $"ATTACH '{other}' AS aux; DELETE FROM aux.items;\nUPDATE items SET price = 3 WHERE id = 'a'; SELECT count(*) FROM aux.items;"
                + " SELECT col_name || col_version FROM items_cloudsync ORDER BY pk, col_name;", main);
            Assert.Equal("2\nname1\nprice2\nname1\nprice1\n", output);
            Assert.Contains("table items of the attached database aux is synchronised by itself", errors);
            Assert.Equal("0\n2\n", Repository.Shell("DELETE FROM items; SELECT count(*) FROM items; SELECT count(*) FROM items_cloudsync;", other).Output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Join_feeds_hidden_inputs_when_they_come_from_another_table()
    {
        string output = Ok(Setup + """
            CREATE TABLE cursors(v, s, o); INSERT INTO cursors VALUES (1, 2, 0), (1, 0, 0), (9, 0, 0);
            SELECT c.s, p.rows FROM cursors c JOIN cloudsync_payload_chunks p
              ON p.resume_db_version = c.v AND p.resume_seq = c.s AND p.resume_frag_offset = c.o ORDER BY c.s;
            SELECT c.v, sum(p.rows) FROM cursors c JOIN cloudsync_payload_chunks(c.v - 1) p GROUP BY c.v;
            """);
        Assert.Equal("1\n0|4\n2|2\n1|8\n", output);
    }

    [Fact]
    public void Interrupted_pipe_ends_the_host_when_its_reader_is_gone()
    {
        // A .NET program ignores SIGPIPE and its children inherit that: env gives the shell its own disposition back.
        (_, string output, _) = Repository.Run("env", "", "--default-signal=PIPE", "bash", "-c",
            $"printf '.load {Repository.Library}\\nWITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000) SELECT i FROM n;\\n'"
            + " | timeout 20 sqlite3 -batch | head -1; echo ${PIPESTATUS[1]}");
        Assert.Equal("1\n141\n", output);
    }

    [Fact]
    public void Older_payload_file_stays_when_the_new_one_cannot_be_written_whole()
    {
        string folder = Directory.CreateTempSubdirectory("chunksync-test-").FullName;
        try
        {
            string file = Path.Combine(folder, "a.bin");
            File.WriteAllText(file, "not sent yet");
            const int OverTheLimit = 100_000;
            (_, string output, string errors) = Repository.Run("bash", Setup + $"""

                INSERT INTO items VALUES ('long', randomblob({OverTheLimit}), 1);
                SELECT cloudsync_payload_save('{file}');
                """, "-c", $"trap '' XFSZ; ulimit -f 8; exec sqlite3 -batch :memory: -cmd '.load {Repository.Library}'");
            Assert.Equal("1\n", output);
            Assert.Contains($"Unable to write payload to file path '{file}': it is longer than a file may be here", errors);
            Assert.Equal("not sent yet", File.ReadAllText(file));
            Assert.Equal([file], Directory.GetFileSystemEntries(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Library_works_when_the_address_space_of_the_host_is_limited()
    {
        const int Tables = 120;
        StringBuilder sql = new(".shell grep VmSize: /proc/$PPID/status\n");
        for (int table = 0; table < Tables; table++)
        {
            sql.Append($"CREATE TABLE t{table}(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT length(cloudsync_init('t{table}'));\n");
        }

        for (int table = 0; table < Tables; table++)
        {
            sql.Append($"INSERT INTO t{table} SELECT value, value, zeroblob(100) FROM generate_series(1, 200);\n");
        }

        sql.Append("INSERT INTO t0 VALUES ('long', zeroblob(50000000), 1);\n")
            .Append("CREATE TEMP TABLE sent AS SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0;\n")
            .Append("SELECT sum(cloudsync_payload_apply(payload)) IS NOT NULL FROM sent;\n")
            .Append("SELECT count(*) FROM cloudsync_backfill_plan WHERE tbl = 't1' AND chunks = 200;\n");
        (int code, string output, string errors) = Repository.Run("bash", sql.ToString(), "-c",
            $"ulimit -v 2000000; exec sqlite3 -batch :memory: -cmd '.load {Repository.Library}'");
        Assert.Equal("", errors);
        Assert.Equal(0, code);
        string[] lines = output.Split('\n');
        Assert.InRange(long.Parse(lines[0].Split((char[])['\t', ' '], StringSplitOptions.RemoveEmptyEntries)[1]), 1, 976_562);
        Assert.Equal(["1", "200", ""], lines[^3..]);
    }

    [Fact]
    public void Long_text_is_refused_when_a_name_or_an_expression_is_wanted()
    {
        (int code, _, string errors) = Repository.Shell(Setup + """
            SELECT cloudsync_init(printf('%.*c', 100000000, 'x'));
            SELECT cloudsync_set_filter('items', printf('%.*c', 100000000, 'x'));
            """);
        Assert.NotEqual(0, code);
        Assert.Contains("a text of 100000000 bytes begins with 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'", errors);
    }

    private static string Ok(string sql)
    {
        (int code, string output, string errors) = Repository.Shell(sql);
        Assert.Equal("", errors);
        Assert.Equal(0, code);
        return output;
    }

    [GeneratedRegex("```sql\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex FirstBlock();
}
