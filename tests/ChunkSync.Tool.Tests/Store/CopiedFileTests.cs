using ChunkSync.Client;
using SQLitePCL;

namespace ChunkSync.Tool.Tests;

/// <summary>The command <c>sync</c> with a file that was copied or restored: it is refused before anything is lost; what a device does to its own file is not.</summary>
public sealed class CopiedFileTests : IDisposable
{
    private readonly Workspace workspace = new();

    private string Store => workspace.At("store");

    [Fact]
    public async Task Sync_refuses_a_copy_and_takes_it_with_a_new_site_id()
    {
        Directory.CreateDirectory(Store);
        string path = workspace.Shop("a.db", "INSERT INTO items VALUES ('a', 'apple', 1)"), copy = workspace.At("copy.db");
        (await Tool.RunAsync("sync", path, Store)).Expect(ExitCode.Done);
        File.Copy(path, copy);
        (await Tool.RunAsync("sync", copy, Store)).Expect(ExitCode.Done);
        Workspace.Run(path, "INSERT INTO items VALUES ('b', 'banana', 1)");
        (await Tool.RunAsync("sync", path, Store)).Expect(ExitCode.Done);
        string own = Path.Combine(Store, Workspace.Text(path, "SELECT lower(hex(cloudsync_siteid()))"));
        (await Tool.RunAsync("sync", copy, Store)).Fails(ExitCode.Refused,
            $"chunksync: {copy}: {own} has changes of this site id up to version 2, and this file ends at 1: it was copied or restored; run SELECT cloudsync_new_site() in it, then sync again");
        Workspace.Run(copy, "INSERT INTO items VALUES ('c', 'cherry', 1)", "INSERT INTO items VALUES ('d', 'date', 1)");
        (await Tool.RunAsync("sync", copy, Store)).Fails(ExitCode.Refused,
            $"chunksync: {copy}: {own} has other changes of this site id up to version 2 than this file: it was copied or restored; run SELECT cloudsync_new_site() in it, then sync again");
        Workspace.Run(copy, "SELECT cloudsync_new_site()");
        (await Tool.RunAsync("sync", copy, Store)).Expect(ExitCode.Done);
        (await Tool.RunAsync("sync", path, Store)).Expect(ExitCode.Done);
        foreach (string file in (string[])[path, copy])
        {
            Assert.Equal("abcd", Workspace.Text(file, "SELECT group_concat(id, '') FROM (SELECT id FROM items ORDER BY id)"));
        }
    }

    /// <summary>A file that wrote nothing since the copy, and has later versions because it received others' changes, shows nothing by its own positions.</summary>
    [Theory]
    [InlineData("DELETE FROM items WHERE id = 'a'")]
    [InlineData("DELETE FROM items WHERE id = 'a'; INSERT INTO items VALUES ('a', 'apple', 1)")]
    [InlineData("UPDATE items SET price = 2 WHERE id = 'a'")]
    [InlineData("INSERT INTO items VALUES ('c', 'cherry', 1)")]
    public async Task Sync_refuses_a_file_whose_copy_wrote_when_it_received_since(string written)
    {
        Directory.CreateDirectory(Store);
        string path = workspace.Shop("a.db", "INSERT INTO items VALUES ('a', 'apple', 1)"), copy = workspace.At("copy.db");
        string peer = workspace.Shop("peer.db", Enumerable.Range(0, 5).Select(i => $"INSERT INTO notes VALUES ('{i}', {i})").ToArray());
        foreach (string file in (string[])[path, peer])
        {
            (await Tool.RunAsync("sync", file, Store)).Expect(ExitCode.Done);
        }

        File.Copy(path, copy);
        (await Tool.RunAsync("sync", path, Store)).Expect(ExitCode.Done);
        Workspace.Run(copy, written);
        (await Tool.RunAsync("sync", copy, Store)).Expect(ExitCode.Done);
        Assert.Contains("it was copied or restored", (await Tool.RunAsync("sync", path, Store)).Expect(ExitCode.Refused).Error, StringComparison.Ordinal);
        Workspace.Run(path, "SELECT cloudsync_new_site()");
        foreach (string file in (string[])[path, copy])
        {
            (await Tool.RunAsync("sync", file, Store)).Expect(ExitCode.Done);
        }

        (await Tool.RunAsync("verify", path, copy)).Expect(ExitCode.Done);
    }

    /// <summary>Of two values of equal version the greater one stays: had the file written it, it would still have it.</summary>
    [Theory]
    [InlineData("'zzz'", true)]
    [InlineData("'aaa'", false)]
    [InlineData("1", true)]
    [InlineData("zeroblob(9)", false)]
    [InlineData("'zzz' || hex(randomblob(300000))", true)]
    public async Task Sync_refuses_a_file_whose_copy_wrote_a_greater_value_of_a_version_that_it_received(string value, bool isGreater)
    {
        Directory.CreateDirectory(Store);
        string path = workspace.Shop("a.db", "SELECT cloudsync_set('payload_max_chunk_size', 262144)", "INSERT INTO notes VALUES ('a', 'first')"), copy = workspace.At("copy.db"), peer = workspace.Shop("peer.db");
        foreach (string file in (string[])[path, peer])
        {
            (await Tool.RunAsync("sync", file, Store)).Expect(ExitCode.Done);
        }

        File.Copy(path, copy);
        Workspace.Run(peer, "INSERT INTO items VALUES ('later', 'version', 1)", "UPDATE notes SET body = 'mmm'");
        foreach (string file in (string[])[peer, path])
        {
            (await Tool.RunAsync("sync", file, Store)).Expect(ExitCode.Done);
        }

        Workspace.Run(copy, $"UPDATE notes SET body = {value}");
        (await Tool.RunAsync("sync", copy, Store)).Expect(ExitCode.Done);
        ToolRun run = (await Tool.RunAsync("sync", path, Store)).Expect(isGreater ? ExitCode.Refused : ExitCode.Done);
        if (isGreater)
        {
            Assert.Contains("it was copied or restored", run.Error, StringComparison.Ordinal);
            Workspace.Run(path, "SELECT cloudsync_new_site()");
        }

        foreach (string file in (string[])[path, copy, peer])
        {
            (await Tool.RunAsync("sync", file, Store)).Expect(ExitCode.Done);
        }

        (await Tool.RunAsync("verify", path, copy)).Expect(ExitCode.Done);
        (await Tool.RunAsync("verify", path, peer)).Expect(ExitCode.Done);
    }

    /// <summary>Both go on with the same stream at the same time: what one writes between any two reads of the other is noticed, then or at the next sync.</summary>
    [Fact]
    public async Task Sync_loses_nothing_when_a_copy_syncs_in_between()
    {
        bool isBetween = true;
        int at = -1;
        while (isBetween)
        {
            at++;
            isBetween = false;
            using MemoryStore store = new();
            string path = workspace.Shop($"a{at}.db", "INSERT INTO items VALUES ('a', 'apple', 1)"), copy = workspace.At($"copy{at}.db"), peer = workspace.Shop($"peer{at}.db");
            await SyncAsync(path, store);
            File.Copy(path, copy);
            Workspace.Run(path, "INSERT INTO items VALUES ('b', 'of the file', 1)");
            Workspace.Run(copy, "INSERT INTO items VALUES ('c', 'of the copy', 1)", "INSERT INTO items VALUES ('d', 'of the copy', 1)");
            int begin = store.Reads;
            store.BeforeRead = read =>
            {
                if (read == begin + at)
                {
                    isBetween = true;
                    SyncAsync(path, store).GetAwaiter().GetResult();
                }
            };
            await SyncAsync(copy, store);
            store.BeforeRead = null;
            foreach (string file in (string[])[path, copy, peer, path, copy, peer, path, copy, peer])
            {
                await SyncAsync(file, store);
            }

            foreach (string file in (string[])[path, copy, peer])
            {
                Assert.Equal("abcd", Workspace.Text(file, "SELECT group_concat(id, '') FROM (SELECT id FROM items ORDER BY id)"));
            }
        }

        Assert.InRange(at, 3, 200);
    }

    /// <summary>Nobody could read a folder whose stream says that it is that of another site.</summary>
    [Fact]
    public async Task Sync_writes_no_stream_of_another_site_when_the_file_gets_a_new_id_meanwhile()
    {
        string path = workspace.Shop("a.db", "INSERT INTO items VALUES ('a', 'apple', 1)"), peer = workspace.Shop("peer.db");
        bool isBetween = true;
        int at = -1;
        using MemoryStore store = new();
        while (isBetween)
        {
            at++;
            isBetween = false;
            Workspace.Run(path, $"INSERT INTO items VALUES ('{at}', 'more', 1)");
            int begin = store.Reads;
            store.BeforeRead = read =>
            {
                if (read == begin + at)
                {
                    isBetween = true;
                    Workspace.Run(path, "SELECT cloudsync_new_site()");
                }
            };
            using (DatabaseFile file = Files.Open(path))
            {
                try
                {
                    await new SyncRun(file, store, default).PushAsync(new ProgressList());
                }
                catch (ToolException failure)
                {
                    Assert.Equal(ExitCode.Refused, failure.Code);
                }
            }

            store.BeforeRead = null;
            foreach (string device in (string[])[path, peer])
            {
                await SyncAsync(device, store);
            }
        }

        Assert.InRange(at, 1, 200);
        Assert.Equal(Workspace.Text(path, "SELECT group_concat(id) FROM (SELECT id FROM items ORDER BY id)"), Workspace.Text(peer, "SELECT group_concat(id) FROM (SELECT id FROM items ORDER BY id)"));
    }

    /// <summary>Who restores a backup often does once more what was lost: the same rows, the same number of writes, other values.</summary>
    [Theory]
    [InlineData("UPDATE items SET name = 'once' WHERE id = 'a'", "UPDATE items SET name = 'again' WHERE id = 'a'")]
    [InlineData("INSERT INTO items VALUES ('b', 'first', 1)|UPDATE items SET price = price + 1 WHERE id = 'a'", "INSERT INTO items VALUES ('c', 'second', 1)|UPDATE items SET price = price + 1 WHERE id = 'a'")]
    [InlineData("UPDATE items SET name = 'once' WHERE id = 'a'", "UPDATE items SET price = 5 WHERE id = 'a'|UPDATE items SET name = 'again', price = 6 WHERE id = 'a'")]
    [InlineData("INSERT INTO items VALUES ('b', 'first', 1)|UPDATE items SET price = price + 1 WHERE id = 'a'", "INSERT INTO items VALUES ('c', 'second', 1)|UPDATE items SET price = price + 1 WHERE id = 'a'|UPDATE items SET price = 7 WHERE id = 'a'")]
    public async Task Sync_refuses_a_backup_when_what_was_lost_is_done_again_otherwise(string lost, string again)
    {
        Directory.CreateDirectory(Store);
        string path = workspace.Shop("a.db", "INSERT INTO items VALUES ('a', 'apple', 1)"), backup = workspace.At("backup.db"), peer = workspace.Shop("peer.db");
        (await Tool.RunAsync("sync", path, Store)).Expect(ExitCode.Done);
        File.Copy(path, backup);
        foreach (string step in lost.Split('|'))
        {
            Workspace.Run(path, step);
            (await Tool.RunAsync("sync", path, Store)).Expect(ExitCode.Done);
        }

        (await Tool.RunAsync("sync", peer, Store)).Expect(ExitCode.Done);
        File.Copy(backup, path, overwrite: true);
        Workspace.Run(path, again.Split('|'));
        Assert.Contains("it was copied or restored", (await Tool.RunAsync("sync", path, Store)).Expect(ExitCode.Refused).Error, StringComparison.Ordinal);
        Workspace.Run(path, "SELECT cloudsync_new_site()");
        foreach (string file in (string[])[path, peer, path])
        {
            (await Tool.RunAsync("sync", file, Store)).Expect(ExitCode.Done);
        }

        (await Tool.RunAsync("verify", path, peer)).Expect(ExitCode.Done);
    }

    /// <summary>An export by hand into the own part of the store is that of this file, although sync did not write it.</summary>
    [Fact]
    public async Task Sync_goes_on_behind_an_export_of_its_own_stream()
    {
        Directory.CreateDirectory(Store);
        string path = workspace.Shop("a.db", "INSERT INTO items VALUES ('a', 'apple', 1)", Streams.Fill(3)), peer = workspace.Shop("peer.db");
        (await Tool.RunAsync("sync", path, Store)).Expect(ExitCode.Done);
        Workspace.Run(path, "UPDATE items SET price = 2", "UPDATE items SET price = 3", "SELECT cloudsync_disable('items'); UPDATE items SET name = 'not captured'; SELECT cloudsync_enable('items')");
        (await Tool.RunAsync("chunks", path, "--out", Path.Combine(Store, Workspace.Text(path, "SELECT lower(hex(cloudsync_siteid()))")), "--restart")).Expect(ExitCode.Done);
        (await Tool.RunAsync("sync", path, Store)).Expect(ExitCode.Done);
        (await Tool.RunAsync("sync", peer, Store)).Expect(ExitCode.Done);
        byte[] before = await File.ReadAllBytesAsync(path);
        (await Tool.RunAsync("sync", path, Store)).Expect(ExitCode.Done);
        Assert.Equal(before, await File.ReadAllBytesAsync(path));
        Assert.Equal("3", Workspace.Text(peer, "SELECT price FROM items WHERE id = 'a'"));
    }

    /// <summary>Both looks at the last chunk are seeks for each of its rows, and do not read the rest of the file.</summary>
    [Fact]
    public async Task Looking_whose_stream_it_is_costs_in_proportion_to_the_chunk_when_the_file_is_larger()
    {
        List<double> steps = [];
        foreach (int rows in (int[])[500, 2000])
        {
            string path = workspace.Shop($"{rows}.db", $"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {rows}) INSERT INTO notes SELECT 'k' || i, i FROM n");
            using FolderStore export = new(workspace.At($"export{rows}"));
            (await Tool.RunAsync("chunks", path, "--out", workspace.At($"export{rows}"))).Expect(ExitCode.Done);
            using DatabaseFile file = Files.Open(path);
            long count = 0;
            raw.sqlite3_progress_handler(file.Handle, 100, _ => count++ < 0 ? 1 : 0, null);
            await new OwnStream(file, export).CheckExportAsync(default);
            raw.sqlite3_progress_handler(file.Handle, 0, (delegate_progress?)null, null);
            steps.Add(count);
        }

        Assert.InRange(steps[1] / steps[0], 1, 6);
    }

    /// <summary>What an own device does to its tables is no sign of a copy.</summary>
    [Fact]
    public async Task Sync_goes_on_when_rows_are_rewritten_deleted_and_tables_altered()
    {
        Directory.CreateDirectory(Store);
        string path = workspace.Shop("a.db", "INSERT INTO items VALUES ('a', 'apple', 1), ('b', 'banana', 2)", "INSERT INTO notes VALUES ('n', 'text')");
        string[] steps =
        [
            "UPDATE items SET price = 5",
            "DELETE FROM items WHERE id = 'a'",
            "INSERT INTO items VALUES ('a', 'again', 1)",
            "INSERT INTO notes VALUES ('long', randomblob(700000))",
            "SELECT cloudsync_begin_alter('items'); ALTER TABLE items DROP COLUMN price; SELECT cloudsync_commit_alter('items')",
            "SELECT cloudsync_begin_alter('items'); ALTER TABLE items ADD COLUMN weight REAL; SELECT cloudsync_commit_alter('items')",
            "UPDATE notes SET body = randomblob(700000)",
            "SELECT cloudsync_cleanup('items')",
            "DELETE FROM notes",
        ];
        foreach (string step in steps)
        {
            (await Tool.RunAsync("sync", path, Store)).Expect(ExitCode.Done);
            Workspace.Run(path, step);
        }

        (await Tool.RunAsync("sync", path, Store)).Expect(ExitCode.Done);
    }

    public void Dispose() => workspace.Dispose();

    private static async Task SyncAsync(string path, MemoryStore store)
    {
        for (bool isAnew = false; ; isAnew = true)
        {
            try
            {
                using DatabaseFile file = Files.Open(path);
                SyncRun run = new(file, store, default);
                await run.PushAsync(new ProgressList());
                foreach (SiteId site in await run.OthersAsync())
                {
                    await run.PullAsync(site, new ProgressList());
                }

                return;
            }
            catch (ToolException failure) when (!isAnew && failure.Cure?.Contains("cloudsync_new_site()", StringComparison.Ordinal) == true)
            {
                Workspace.Run(path, "SELECT cloudsync_new_site()");
            }
        }
    }
}
