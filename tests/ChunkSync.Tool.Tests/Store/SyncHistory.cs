using ChunkSync.Client;
using Microsoft.Data.Sqlite;

namespace ChunkSync.Tool.Tests;

/// <summary>Devices that write and sync through one store at random: stopped, repeated, two at once, late, copied, restored from a backup, compacted.</summary>
internal sealed class SyncHistory : IDisposable
{
    private readonly Random random;
    private readonly Workspace workspace = new();
    private readonly MemoryStore store = new();
    private readonly List<string> devices = [];
    private readonly string backup;

    // One more than the number of the last new row: row0 is only ever written by the upsert, which may come first.
    private int rows = 1;

    public SyncHistory(Random random)
    {
        this.random = random;
        backup = workspace.At("backup.db");
        Join();
        Join();
    }

    /// <summary>What happened, by kind.</summary>
    public Dictionary<string, long> Counts { get; } = [];

    /// <summary>Does something.</summary>
    public async Task StepAsync()
    {
        int device = random.Next(devices.Count);
        string path = devices[device];
        switch (random.Next(24))
        {
            case < 9:
                Write(path);
                break;
            case < 15:
                await SyncAsync(path, stop: -1, random.Next(6) == 0);
                break;
            case < 19:
                await SyncAsync(path, stop: random.Next(20), random.Next(4) == 0);
                break;
            case < 21:
                Count("at_once");
                string other = devices[random.Next(devices.Count)];
                await Task.WhenAll(Task.Run(() => SyncAsync(path, stop: -1)), Task.Run(() => SyncAsync(other, stop: -1)));
                break;
            case 21 when devices.Count < 5:
                Join();
                break;
            case 22 when devices.Count < 5:
                Count("copies");
                devices.Add(workspace.At($"device{devices.Count}.db"));
                File.Copy(path, devices[^1]);
                break;
            default:
                Restore(path);
                break;
        }
    }

    /// <summary>Exchanges everything, and compares all.</summary>
    public async Task EndAsync()
    {
        // Once to push, once to pull what the others pushed behind it; a file that gets a new site id in a round has more to push.
        for (int round = 0; round < 4; round++)
        {
            foreach (string path in devices)
            {
                Assert.True(await SyncAsync(path, stop: -1));
            }
        }

        int puts = store.Puts;
        string[] states = await Task.WhenAll(devices.Select(async path =>
        {
            Assert.True(await SyncAsync(path, stop: -1));
            return State(path);
        }));
        Assert.All(states, state => Assert.Equal(states[0], state));
        Assert.Equal(puts, store.Puts);
    }

    public void Dispose() => workspace.Dispose();

    private static string State(string path) => Workspace.Text(path, """
        SELECT group_concat(line, x'0a') FROM (
            SELECT 'i ' || quote(id) || quote(name) || quote(price) AS line FROM items UNION ALL SELECT 'n ' || quote(id) || iif(typeof(body) = 'integer', body, length(body)) FROM notes
            UNION ALL SELECT tbl || quote(pk) || col_name || ' ' || col_version || ' ' || cl FROM cloudsync_changes ORDER BY 1)
        """);

    private void Join()
    {
        Count("devices");
        devices.Add(workspace.Shop($"device{devices.Count}.db", "PRAGMA synchronous = OFF"));
    }

    /// <summary>A transaction with a new row, or with what every device writes alike: then a restored file may repeat what it lost. Sometimes a value of several chunks.</summary>
    private void Write(string path)
    {
        Count("writes");
        using SqliteConnection connection = Workspace.Connect(path);
        using SqliteTransaction transaction = connection.BeginTransaction();
        for (int i = random.Next(3); i >= 0; i--)
        {
            string known = $"(SELECT id FROM items ORDER BY id LIMIT 1 OFFSET {random.Next(rows)})";
            string[] statements =
            [
                random.Next(2) == 0 ? $"INSERT INTO items VALUES ('row{rows++}', 'name{random.Next(9)}', {random.Next(9)})"
                    : "INSERT INTO notes VALUES ('starts', 1) ON CONFLICT DO UPDATE SET body = body + 1",
                random.Next(5) switch
                {
                    0 => $"DELETE FROM items WHERE id = {known}",
                    1 => $"INSERT INTO items VALUES ('row{random.Next(rows)}', 'again', 0) ON CONFLICT DO UPDATE SET name = 'again{random.Next(9)}'",
                    2 when random.Next(4) == 0 => $"INSERT INTO notes VALUES ('note{rows++}', zeroblob({random.Next(900_000)}))",
                    _ => $"UPDATE items SET price = {random.Next(99)}, name = 'name{random.Next(9)}' WHERE id = {known}",
                },
            ];
            foreach (string statement in statements)
            {
                using SqliteCommand command = connection.CreateCommand();
                command.CommandText = statement;
                command.ExecuteNonQuery();
            }
        }

        transaction.Commit();
    }

    /// <summary>Keeps a file, or puts the one that was kept in its place.</summary>
    private void Restore(string path)
    {
        if (File.Exists(backup) && random.Next(2) == 0)
        {
            Count("restores");
            File.Copy(backup, path, overwrite: true);
            File.Delete(backup);
            return;
        }

        File.Copy(path, backup, overwrite: true);
    }

    /// <summary>Syncs a file, which gets a new site id where it is asked for.</summary>
    /// <returns>Whether it was not stopped.</returns>
    private async Task<bool> SyncAsync(string path, int stop, bool isCompact = false)
    {
        try
        {
            await OnceAsync(path, stop, isCompact);
        }
        catch (OperationCanceledException)
        {
            Count("stops");
            return false;
        }
        catch (ToolException failure) when (failure.Cure?.Contains("cloudsync_new_site()", StringComparison.Ordinal) == true)
        {
            Count("new_sites");
            Workspace.Run(path, "SELECT cloudsync_new_site()");
            await OnceAsync(path, stop: -1, isCompact);
        }
        catch (ToolException failure) when (failure.Cure == "run the command again")
        {
            Count("new_sites_meanwhile");
            await OnceAsync(path, stop: -1, isCompact);
        }
        finally
        {
            store.CallsLeft = -1;
        }

        return true;
    }

    private async Task OnceAsync(string path, int stop, bool isCompact)
    {
        Count(isCompact ? "compactions" : "syncs");
        using DatabaseFile file = Files.Open(path);
        store.CallsLeft = stop;
        SyncRun run = new(file, store, default);
        await run.PushAsync(new ProgressList(), isCompact);
        foreach (SiteId site in await run.OthersAsync())
        {
            await run.PullAsync(site, new ProgressList());
        }
    }

    private void Count(string kind)
    {
        lock (Counts)
        {
            Counts[kind] = Counts.GetValueOrDefault(kind) + 1;
        }
    }
}
