using SQLitePCL;

namespace ChunkSync.Loaded.Tests;

/// <summary>The library inside a .NET host, with the newest SQLite, which SQLitePCLRaw brings.</summary>
public class DotNetHostTests
{
    static DotNetHostTests() => Batteries_V2.Init();

    [Fact]
    public void Changes_travel_when_two_databases_exchange_payloads()
    {
        using sqlite3 left = Open();
        using sqlite3 right = Open();
        Exec(left, "INSERT INTO items VALUES ('a', 'apple'), ('b', NULL); UPDATE items SET name = 'plum' WHERE id = 'b'");
        Exec(right, "INSERT INTO items VALUES ('c', 'cherry')");
        foreach (byte[] payload in Blobs(left, "SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0"))
        {
            Apply(right, payload);
            Apply(right, payload);
        }

        Assert.Equal("a=apple b=plum c=cherry", Text(right, "SELECT group_concat(id || '=' || name, ' ') FROM (SELECT * FROM items ORDER BY id)"));
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_close(left));
    }

    [Fact]
    public void Close_succeeds_when_the_library_was_loaded_many_times()
    {
        for (int i = 0; i < 200; i++)
        {
            sqlite3 db = Open();
            Exec(db, "INSERT INTO items VALUES ('a', 'b')");
            Assert.Equal(raw.SQLITE_OK, raw.sqlite3_close(db));
        }
    }

    [Fact]
    public async Task Host_keeps_collecting_when_threads_use_the_library()
    {
        Task[] workers =
        [
            .. Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
            {
                for (int i = 0; i < 50; i++)
                {
                    using sqlite3 db = Open();
                    Exec(db, "INSERT INTO items VALUES ('a', 'b')");
                    Assert.Throws<InvalidOperationException>(() => Exec(db, "SELECT cloudsync_payload_apply(x'00')"));
                    GC.Collect();
                }
            })),
        ];
        Task all = Task.WhenAll(workers);
        Assert.True(await Task.WhenAny(all, Task.Delay(TimeSpan.FromMinutes(2))) == all, "a thread hangs");
        await all;
    }

    private static sqlite3 Open()
    {
        Check(null, raw.sqlite3_open(":memory:", out sqlite3 db));
        Check(db, raw.sqlite3_enable_load_extension(db, 1));
        Exec(db, $"SELECT load_extension('{Repository.Library}')");
        Exec(db, "CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, name TEXT)");
        Exec(db, "SELECT cloudsync_init('items')");
        return db;
    }

    private static void Exec(sqlite3 db, string sql) => Check(db, raw.sqlite3_exec(db, sql));

    private static void Check(sqlite3? db, int code)
    {
        if (code != raw.SQLITE_OK)
        {
            throw new InvalidOperationException(db == null ? "code " + code : raw.sqlite3_errmsg(db).utf8_to_string());
        }
    }

    private static void Apply(sqlite3 db, byte[] payload)
    {
        Check(db, raw.sqlite3_prepare_v2(db, "SELECT cloudsync_payload_apply(?)", out sqlite3_stmt statement));
        using (statement)
        {
            Check(db, raw.sqlite3_bind_blob(statement, 1, payload));
            Assert.Equal(raw.SQLITE_ROW, raw.sqlite3_step(statement));
        }
    }

    private static List<byte[]> Blobs(sqlite3 db, string sql)
    {
        Check(db, raw.sqlite3_prepare_v2(db, sql, out sqlite3_stmt statement));
        using (statement)
        {
            List<byte[]> blobs = [];
            while (raw.sqlite3_step(statement) == raw.SQLITE_ROW)
            {
                blobs.Add(raw.sqlite3_column_blob(statement, 0).ToArray());
            }

            return blobs;
        }
    }

    private static string Text(sqlite3 db, string sql)
    {
        Check(db, raw.sqlite3_prepare_v2(db, sql, out sqlite3_stmt statement));
        using (statement)
        {
            Assert.Equal(raw.SQLITE_ROW, raw.sqlite3_step(statement));
            return raw.sqlite3_column_text(statement, 0).utf8_to_string();
        }
    }
}
