using System.Runtime.InteropServices;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Chunks;

/// <summary>Reading changes writes nothing: on read-only files, under <c>PRAGMA query_only</c>, and in databases that sqlite-sync made
/// and that nobody may add an index to.</summary>
public unsafe class ReadOnlyTests(ITestOutputHelper output)
{
    private static readonly (string Column, object? Value)[] Window = [("since_db_version", 0), ("max_chunk_size", 262_144)];

    [ThreadStatic]
    private static long steps;

    public static TheoryData<string> Names => FixtureData.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Chunks_are_the_same_when_a_sqlite_sync_database_is_opened_read_only(string name)
    {
        using TempFile file = new(Fixtures.File(name + ".db"));
        byte[] before = file.Read();
        string[] expected = Expected(file.Path);
        File.SetAttributes(file.Path, FileAttributes.ReadOnly);
        try
        {
            foreach (string path in (string[])[file.Path, "file:" + file.Path + "?mode=ro&immutable=1"])
            {
                using Database database = Database.Open(path, readOnly: true);
                AssertReads(database, path, expected);
            }
        }
        finally
        {
            File.SetAttributes(file.Path, FileAttributes.Normal);
        }

        Assert.Equal(before, file.Read());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Chunks_are_the_same_when_a_connection_may_only_query(string name)
    {
        using TempFile file = new(Fixtures.File(name + ".db"));
        string[] expected = Expected(file.Path);
        using Database database = Database.Open(file.Path);
        byte[] before = file.Read();
        database.Exec("PRAGMA query_only = 1");
        int changes = NativeSqlite.TotalChanges(database.Handle);
        AssertReads(database, file.Path, expected);
        Assert.Equal(changes, NativeSqlite.TotalChanges(database.Handle));
        Assert.Equal(before, file.Read());
    }

    [Fact]
    public void Scan_makes_no_temporary_table_when_positions_have_no_index()
    {
        using TempFile file = Peer(2000, 0);
        using Database database = Database.Open(file.Path, readOnly: true);
        Assert.NotEmpty(ChunkRow.Drain(database, Window));
        Assert.Empty(database.Query("SELECT name FROM sqlite_temp_master"));
        Assert.False(database.InTransaction);
    }

    [Fact]
    public void Page_seeks_to_its_version_when_positions_have_no_index()
    {
        // Without the index on positions SQLite finds the version by sqlite-sync's own index on db_version, and sorts one version
        // at a time: a page costs the same wherever its version lies, and inside a long version what is left of it.
        using TempFile peer = Peer(20_000, 200);
        using TempFile ours = Peer(20_000, 200);
        using TempFile one = Peer(20_000, 0);
        using (Database database = Database.Open(ours.Path))
        {
            database.Exec("SELECT cloudsync_init('t')");
        }

        long[] sorted = Costs(peer.Path, (2, 0), (45, 0), (85, 0));
        long[] indexed = Costs(ours.Path, (2, 0), (45, 0), (85, 0));
        long[] inOne = Costs(one.Path, (1, 100), (1, 20_000), (1, 35_000));
        output.WriteLine("VM steps per 1,000 rows of a page, early, in the middle and late in 40,000 changes: 100 versions without index"
            + $" {string.Join(", ", sorted)}; with index {string.Join(", ", indexed)}; one version without index {string.Join(", ", inOne)}");
        Assert.True(sorted.Max() < 1.1 * sorted.Min() && indexed.Max() < 1.1 * indexed.Min(), "a page's cost depends on where its version lies");
        Assert.True(sorted.Max() < 2.3 * indexed.Max(), "rows of other versions were read");
        Assert.True(inOne[0] > inOne[1] && inOne[1] > inOne[2], "rows before the position were sorted");
    }

    private static string[] Expected(string path)
    {
        using TempFile copy = new(path);
        using Database database = Database.Open(copy.Path);
        return [.. ChunkRow.Read(database, Window).Select(chunk => chunk.Describe())];
    }

    private static void AssertReads(Database database, string path, string[] expected)
    {
        Assert.Equal(expected, ChunkRow.Read(database, Window).Select(chunk => chunk.Describe()));
        Assert.Equal(expected, ChunkRow.Drain(database, Window).Select(chunk => chunk.Describe()));
        Database? last = null;
        try
        {
            Assert.Equal(expected, ChunkRow.Drain(database, Window, _ =>
            {
                last?.Dispose();
                last = Database.Open(path, readOnly: true);
                last.Exec("PRAGMA query_only = 1");
                return last;
            }).Select(chunk => chunk.Describe()));
        }
        finally
        {
            last?.Dispose();
        }

        Assert.NotNull(database.Scalar("SELECT count(*) FROM cloudsync_changes"));
        Assert.False(database.InTransaction);
    }

    /// <summary>A database as sqlite-sync makes it: its index on db_version, and none on positions.</summary>
    private static TempFile Peer(int rows, int rowsPerVersion)
    {
        TempFile file = new();
        using Database database = Database.Open(file.Path);
        database.Exec("PRAGMA synchronous = OFF; CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');"
            + $" WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) INSERT INTO t SELECT printf('%08d', i), i, 'v' FROM n;"
            + " DROP INDEX t_cloudsync_pos_idx; CREATE INDEX t_cloudsync_db_idx ON t_cloudsync(db_version)");
        if (rowsPerVersion > 0)
        {
            database.Exec($"UPDATE t_cloudsync SET db_version = 1 + seq / {2 * rowsPerVersion}");
        }

        return file;
    }

    private static long[] Costs(string path, params (long Version, long Seq)[] positions)
    {
        using Database database = Database.Open(path, readOnly: true);
        long[] costs = new long[positions.Length];
        for (int i = 0; i < costs.Length; i++)
        {
            (string, object?)[] inputs =
                [("resume_db_version", positions[i].Version), ("resume_seq", positions[i].Seq), ("until_db_version", 100), ("max_chunk_size", 262_144)];
            ChunkRow.Read(database, inputs, onlyFirst: true);
            costs[i] = StepsOfPage(database, inputs);
        }

        return costs;
    }

    private static long StepsOfPage(Database database, (string, object?)[] inputs)
    {
        steps = 0;
        NativeSqlite.ProgressHandler(database.Handle, 1, &Step, 0);
        ChunkRow page = ChunkRow.Read(database, inputs, onlyFirst: true)[0];
        NativeSqlite.ProgressHandler(database.Handle, 0, null, 0);
        Assert.True(page.Rows > 3000);
        return 1000 * steps / page.Rows;
    }

    [UnmanagedCallersOnly]
    private static int Step(nint argument)
    {
        steps++;
        return 0;
    }
}
