using ChunkSync.EntityFrameworkCore.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.EntityFrameworkCore.Tests.Migrations;

/// <summary>Random histories of two replicas that write, send and migrate up and down, each when it likes.</summary>
public sealed class EvolutionHistoryTests(ITestOutputHelper output) : IDisposable
{
    private const int Histories = 6;

    private readonly TempFolder folder = new();

    [Fact]
    public async Task Replicas_converge_when_they_are_migrated_in_random_histories()
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("CHUNKSYNC_SEED")?.Split('/')[0], out int given) ? given : Random.Shared.Next();
        int histories = Environment.GetEnvironmentVariable("CHUNKSYNC_ALL_CASES") != null ? 20 * Histories : Histories;
        output.WriteLine($"CHUNKSYNC_SEED={seed}");
        for (int i = 0; i < histories; i++)
        {
            await RunAsync(new Random(seed + i), i);
        }
    }

    public void Dispose() => folder.Dispose();

    private async Task RunAsync(Random random, int history)
    {
        string[] files = [folder[$"{history}-0.db"], folder[$"{history}-1.db"]];
        int[] versions = [1, 1];
        long[] sent = [0, 0];
        List<string> steps = [];
        foreach (string file in files)
        {
            using VersionedContext context = Shop.Open(file, 1);
            context.Database.EnsureCreated();
        }

        for (int step = 0; step < 14; step++)
        {
            int replica = random.Next(2);
            int version = versions[replica];
            using VersionedContext context = Shop.Open(files[replica], version);
            switch (random.Next(6))
            {
                case 0 when version < 3:
                    steps.Add($"{replica} goes up from {version}");
                    Go(context, files[replica], version + 1);
                    versions[replica]++;
                    break;
                case 1 when version == 3:
                    // Down to 2 nothing comes back that a replica could still have of before but the column Old, which nobody writes.
                    steps.Add($"{replica} goes down");
                    Go(context, files[replica], 2);
                    versions[replica]--;
                    break;
                case 2:
                    sent[replica] = await SendAsync(context, files[1 - replica], versions[1 - replica], sent[replica]);
                    steps.Add($"{replica} sends up to {sent[replica]}");
                    break;
                default:
                    string sql = Write(random, version, history * 100 + step);
                    steps.Add($"{replica}: {sql}");
                    context.Run(sql);
                    break;
            }
        }

        for (int replica = 0; replica < 2; replica++)
        {
            for (; versions[replica] < 3; versions[replica]++)
            {
                using VersionedContext context = Shop.Open(files[replica], versions[replica]);
                Go(context, files[replica], versions[replica] + 1);
            }
        }

        using VersionedContext one = Shop.Open(files[0], 3);
        using VersionedContext other = Shop.Open(files[1], 3);
        for (int round = 0; round < 2; round++)
        {
            sent[0] = await SendAsync(one, files[1], 3, sent[0]);
            sent[1] = await SendAsync(other, files[0], 3, sent[1]);
        }

        string text = string.Join('\n', steps);
        foreach (string query in (string[])["SELECT * FROM Author ORDER BY Id", "SELECT Id, AuthorId, Price, Isbn FROM Book ORDER BY Id",
            "SELECT tbl, hex(pk), col_name, col_version, cl FROM cloudsync_changes ORDER BY 1, 2, 3", "SELECT * FROM cloudsync_waiting WHERE reason <> 'column'"])
        {
            Assert.True(one.Lines(query).SequenceEqual(other.Lines(query)),
                $"{text}\n{query}\n{string.Join('\n', one.Lines(query))}\nand\n{string.Join('\n', other.Lines(query))}");
        }

        Assert.Equal(["ok"], one.Lines("PRAGMA integrity_check"));
    }

    private static void Go(VersionedContext from, string file, int version)
    {
        using VersionedContext to = Shop.Open(file, version);
        Evolution.Migrate(from, to);
    }

    private static string Write(Random random, int version, int value)
    {
        string title = version >= 2 ? "Title" : "Name";
        string author = $"'a{random.Next(3)}'";
        string book = $"'b{random.Next(4)}'";
        return random.Next(7) switch
        {
            0 or 1 => $"INSERT INTO Author(Id, {title}, Note) VALUES ({author}, 'v{value}', '') ON CONFLICT DO UPDATE SET {title} = excluded.{title}",
            2 or 3 => $"INSERT INTO Book(Id, Price) VALUES ({book}, 'v{value}') ON CONFLICT DO UPDATE SET Price = excluded.Price",
            4 => $"DELETE FROM Book WHERE Id = {book}",
            5 when version >= 2 => $"UPDATE Book SET Isbn = 'v{value}' WHERE Id = {book}",
            _ => $"UPDATE Author SET Note = 'v{value}' WHERE Id = {author}",
        };
    }

    private static async Task<long> SendAsync(VersionedContext from, string file, int version, long since)
    {
        using VersionedContext to = Shop.Open(file, version);
        from.Database.OpenConnection();
        to.Database.OpenConnection();
        SyncDatabase sender = from.Database.ChunkSync();
        await foreach (Chunk chunk in sender.ReadAsync(new ChunkWindow(since)))
        {
            await to.Database.ChunkSync().ReceiveAsync(chunk.ToEnvelope(sender.Site));
            since = chunk.Watermark;
        }

        return since;
    }
}
