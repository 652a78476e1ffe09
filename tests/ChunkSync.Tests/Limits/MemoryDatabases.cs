using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Limits;

/// <summary>The file databases of <see cref="ScanMemoryTests"/>, written once.</summary>
public sealed class MemoryDatabases : IDisposable
{
    private const string Table = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');";
    private const string Numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ";
    private const string Narrow = Table + Numbers + "50000) INSERT INTO t SELECT 'k' || i, i, 'v' FROM n;";

    private static readonly Dictionary<string, string> Contents = new()
    {
        ["narrow"] = Narrow,

        // What sqlite-sync leaves: no index on positions, so that SQLite sorts.
        ["unindexed"] = Narrow + "DROP INDEX t_cloudsync_pos_idx",
        ["long"] = Table + "INSERT INTO t VALUES ('a', 1, 'small'), ('x', randomblob(40 << 20), 'small'), ('z', 1, 'small')",
        ["text"] = Table + "INSERT INTO t VALUES ('x', 1, hex(randomblob(20 << 20)))",

        // Too long to be read together with its row, too short to be cut.
        ["middling"] = Table + Numbers + "100) INSERT INTO t SELECT 'k' || i, randomblob(240000), randomblob(60000) FROM n",
        ["without rowid"] = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b) WITHOUT ROWID; SELECT cloudsync_init('t');"
            + " INSERT INTO t VALUES ('x', randomblob(16 << 20), 1)",
        ["utf-16"] = "PRAGMA encoding = 'UTF-16le';" + Table + "INSERT INTO t VALUES ('x', hex(randomblob(2 << 20)), 1)",
    };

    private readonly Dictionary<string, TempFile> files = [];

    public MemoryDatabases()
    {
        foreach ((string name, string sql) in Contents)
        {
            files[name] = new TempFile();
            using Database database = Database.Open(files[name].Path);
            database.Exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + sql);
        }
    }

    /// <summary>The path of a database.</summary>
    public string this[string name] => files[name].Path;

    public void Dispose()
    {
        foreach (TempFile file in files.Values)
        {
            file.Dispose();
        }
    }
}
