using System.Runtime.InteropServices;
using ChunkSync.Hosting;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Sqlite;

/// <summary>Closing a connection in the middle of a scan: <c>sqlite3_close</c> refuses, <c>sqlite3_close_v2</c> waits for the scan. Either way the host may
/// go on with it, and gets every row or an error.</summary>
public unsafe class RefusedCloseTests
{
    private const int Busy = 5;

    [Theory]
    [InlineData("SELECT tbl, pk, col_name, col_value, db_version, seq FROM cloudsync_changes")]
    [InlineData("SELECT chunk_index, length(payload), rows FROM cloudsync_payload_chunks WHERE since_db_version = 0")]
    [InlineData("SELECT r.tbl, r.pk, r.col_value FROM cloudsync_payload_chunks AS c, cloudsync_payload_rows(c.payload) AS r WHERE c.since_db_version = 0")]
    [InlineData("SELECT payload, next_row FROM cloudsync_payload_probe WHERE source = 'staged' AND probes = (SELECT cloudsync_probe_set('table', 't')) AND max_chunk_size = 3000")]
    [InlineData("SELECT payload, next_row FROM cloudsync_payload_probe WHERE source = '(SELECT * FROM staged)' AND probes = (SELECT cloudsync_probe_set('table', 't')) AND max_chunk_size = 3000")]
    [InlineData("SELECT * FROM cloudsync_payload_probe_plan('staged', (SELECT cloudsync_probe_set('position', 1, 1, NULL)))")]
    [InlineData("SELECT length(payload) FROM cloudsync_payload_run('staged', 3000)")]
    public void Scan_goes_on_with_every_row_when_closing_was_tried_in_the_middle(string sql)
    {
        Database database = Source();
        List<string> expected = [.. database.Query(sql).Select(Text)];
        Assert.True(expected.Count > 2);
        foreach (int before in (int[])[1, 2, expected.Count - 1])
        {
            nint statement = database.Prepare(sql);
            List<string> rows = [];
            for (int code = NativeSqlite.Step(statement); code != 101; code = NativeSqlite.Step(statement))
            {
                Assert.True(code == 100, database.Failure(code).Text);
                rows.Add(Text(Database.Row(statement)));
                if (rows.Count == before)
                {
                    Assert.Equal(Busy, NativeSqlite.Close(database.Handle));
                }
            }

            Assert.Equal(expected, rows);
            Assert.Equal(0, NativeSqlite.Finalize(statement));
        }

        database.Dispose();
    }

    [Theory]
    [InlineData("SELECT tbl, pk, col_name, col_value, db_version, seq FROM cloudsync_changes")]
    [InlineData("SELECT chunk_index, length(payload), rows FROM cloudsync_payload_chunks WHERE since_db_version = 0")]
    [InlineData("SELECT payload, next_row FROM cloudsync_payload_probe WHERE source = 'staged' AND probes = (SELECT cloudsync_probe_set('table', 't')) AND max_chunk_size = 3000")]
    public void File_is_free_when_a_connection_is_closed_under_an_open_scan_that_ends_later(string sql)
    {
        delegate* unmanaged<nint, int> closeLater = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(NativeSqlite.Library, "sqlite3_close_v2");
        using TempFile file = new();
        List<string> expected;
        using (Database database = Source(file.Path))
        {
            database.Exec("PRAGMA journal_mode = WAL");
            expected = [.. database.Query(sql).Select(Text)];
        }

        Assert.Equal(0, NativeSqlite.Open(file.Path, out nint handle, NativeSqlite.OpenReadWrite, 0));
        ManagedHost.Register(handle, NativeSqlite.Library);
        nint statement = Prepare(handle, sql);
        Assert.Equal(100, NativeSqlite.Step(statement));
        List<string> rows = [Text(Database.Row(statement))];
        Assert.Equal(0, closeLater(handle));
        int code = NativeSqlite.Step(statement);
        for (; code == 100; code = NativeSqlite.Step(statement))
        {
            rows.Add(Text(Database.Row(statement)));
        }

        // Nothing can be prepared any more: a scan that has to is refused, it does not end as if that were all.
        Assert.Equal(expected.Take(rows.Count), rows);
        Assert.Equal(rows.Count == expected.Count, code == 101);
        Assert.True(File.Exists(file.Path + "-wal"));
        Assert.Equal(code == 101 ? 0 : code, NativeSqlite.Finalize(statement));

        // The last connection takes the write-ahead log with it.
        Assert.False(File.Exists(file.Path + "-wal"), "the connection was not closed");
    }

    private static nint Prepare(nint handle, string sql)
    {
        byte[] text = System.Text.Encoding.UTF8.GetBytes(sql);
        fixed (byte* bytes = text)
        {
            Assert.Equal(0, NativeSqlite.Prepare(handle, bytes, text.Length, out nint statement, out _));
            return statement;
        }
    }

    private static string Text(object?[] row) => string.Join("|", row.Select(value => value is byte[] bytes ? Convert.ToHexString(bytes) : value));

    private static Database Source(string path = ":memory:")
    {
        Database database = Database.Open(path);
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t')");
        for (int i = 0; i < 40; i++)
        {
            database.Run("INSERT INTO t VALUES (?, hex(randomblob(12000)), ?)", "k" + i, i);
        }

        database.Exec("""
            SELECT cloudsync_set('payload_max_chunk_size', '262144');
            CREATE TABLE staged(chunk_index INTEGER PRIMARY KEY, payload_index BLOB, payload BLOB NOT NULL);
            INSERT INTO staged SELECT chunk_index, cloudsync_payload_index(payload, 2), payload FROM cloudsync_payload_chunks WHERE since_db_version = 0;
            """);
        return database;
    }
}
