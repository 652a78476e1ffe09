// begin usings
using ChunkSync.Client;
using Microsoft.Data.Sqlite;
// end

namespace ChunkSync.Client.Tests.Examples;

/// <summary>The C# of docs/dotnet.md and of the README's section about .NET. What stands between "begin NAME" and "end" is the page's block of that name.</summary>
internal static class DotNetExamples
{
    // begin readme
    public static async Task SyncAsync(string phoneFile, string serverFile)
    {
        using SqliteConnection phone = new($"Data Source={phoneFile}"), server = new($"Data Source={serverFile}");
        phone.LoadChunkSync().Open();
        server.LoadChunkSync().Open();
        await foreach (Chunk chunk in phone.ChunkSync().ReadAsync(new ChunkWindow(since: 0)))
        {
            await server.ChunkSync().ApplyAsync(chunk.Payload);
        }
    }
    // end

    // begin load
    public static SqliteConnection Open(string file)
    {
        SqliteConnection connection = new($"Data Source={file}");
        connection.LoadChunkSync(); // before or after Open, once for each SqliteConnection
        connection.Open();

        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "CREATE TABLE IF NOT EXISTS items(id TEXT PRIMARY KEY NOT NULL, name TEXT, price REAL)";
        command.ExecuteNonQuery();
        connection.ChunkSync().Track("items"); // SELECT cloudsync_init('items')
        return connection;
    }
    // end

    // begin native
    public static void OpenWithNativeLibrary(SqliteConnection connection, string? path)
    {
        connection.LoadChunkSync(new LoadOptions { UseNativeLibrary = true, NativeLibraryPath = path });
        connection.Open();
    }
    // end

    // begin send
    public static async Task<long> SendAsync(SyncDatabase sync, long since, Stream network, CancellationToken ct)
    {
        await foreach (Chunk chunk in sync.ReadAsync(new ChunkWindow(since), new ReadOptions { MaxChunkSize = 1 << 20 }, ct))
        {
            await chunk.ToEnvelope(sync.Site).WriteToAsync(network, ct); // chunk.Payload is valid until the next chunk
            since = chunk.Watermark;
        }

        return since; // store it when the receiver has everything: the next window begins here
    }
    // end

    // begin resume
    public static async Task ExportAsync(SyncDatabase sync, string folder, CancellationToken ct)
    {
        string place = Path.Combine(folder, "bookmark.txt");
        ChunkBookmark? bookmark = File.Exists(place) ? ChunkBookmark.Parse(await File.ReadAllTextAsync(place, ct)) : null;
        IAsyncEnumerable<Chunk> chunks = bookmark switch
        {
            null => sync.ReadAsync(new ChunkWindow(since: 0), cancellationToken: ct),
            { IsComplete: true } => sync.ReadAsync(new ChunkWindow(since: bookmark.Until), cancellationToken: ct),
            _ => sync.ReadAsync(bookmark, cancellationToken: ct),
        };
        await foreach (Chunk chunk in chunks)
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, $"{chunk.From}.chunk"), chunk.Payload, ct);
            await File.WriteAllTextAsync(place, chunk.Resume.ToString(), ct);
        }
    }
    // end

    // begin plan
    public static async Task<string> DescribeAsync(SyncDatabase sync, CancellationToken ct)
    {
        SendPlan plan = await sync.PlanAsync(new ChunkWindow(since: 0), ct);
        return $"{plan.Chunks.Count} chunks, {plan.Rows} changes, {plan.Bytes} bytes before compression";
    }
    // end

    // begin apply
    public static async Task<long> ApplyFolderAsync(SyncDatabase sync, string folder, CancellationToken ct)
    {
        ApplyAllOptions options = new() { OneTransaction = true };
        ApplyAllResult done = await sync.ApplyAllAsync(Files(), options, ct);
        return done.Changes;

        async IAsyncEnumerable<ReadOnlyMemory<byte>> Files()
        {
            foreach (string file in Directory.EnumerateFiles(folder, "*.chunk"))
            {
                yield return await File.ReadAllBytesAsync(file, ct);
            }
        }
    }
    // end

    // begin rows
    public static async Task<IEnumerable<string>> ApplyAndListAsync(SyncDatabase sync, ReadOnlyMemory<byte> payload, CancellationToken ct)
    {
        ApplyResult done = await sync.ApplyAsync(payload, new ApplyOptions { MoveCheckpoint = false, ListApplied = true }, ct);
        return done.Applied!.Select(row => $"{row.Kind} {row.Table} {row.Key}");
    }
    // end

    // begin receive
    public static async Task ReceiveAsync(SyncDatabase sync, Stream network, CancellationToken ct)
    {
        while (await ChunkEnvelope.ReadFromAsync(network, ct) is ChunkEnvelope chunk)
        {
            await sync.ReceiveAsync(chunk, ct);
        }
    }
    // end

    // begin gaps
    public static async Task ResendAsync(SyncDatabase sender, IEnumerable<StreamGap> gaps, Stream network, CancellationToken ct)
    {
        foreach (StreamGap gap in gaps)
        {
            bool isSent = false;
            await foreach (Chunk chunk in sender.ReadAsync(gap.Window, cancellationToken: ct))
            {
                await chunk.ToEnvelope(sender.Site).WriteToAsync(network, ct);
                isSent = true;
                if (gap.To is ChunkCursor end && chunk.Next >= end)
                {
                    break;
                }
            }

            if (!isSent && gap.To is ChunkCursor until)
            {
                // What was missing has been written again, and comes later in the stream.
                await ChunkEnvelope.Nothing(sender.Site, gap.From, until.DbVersion).WriteToAsync(network, ct);
            }
        }
    }
    // end

    // begin progress
    public static async Task<List<double>> PercentsAsync(SyncDatabase sync, Stream network, CancellationToken ct)
    {
        List<double> seen = [];
        ReadOptions options = new()
        {
            Plan = await sync.PlanAsync(new ChunkWindow(since: 0), ct), // the totals; without it they are null until the end
            Progress = new Progress<SyncProgress>(now => seen.Add(now.Percent ?? 0)),
        };
        await foreach (Chunk chunk in sync.ReadAsync(new ChunkWindow(since: 0), options, ct))
        {
            await network.WriteAsync(chunk.Payload, ct);
        }

        return seen;
    }
    // end

    // begin cancel
    public static async Task<bool> TryApplyAsync(SyncDatabase sync, ReadOnlyMemory<byte> payload, TimeSpan limit)
    {
        using CancellationTokenSource timeout = new(limit);
        try
        {
            await sync.ApplyAsync(payload, cancellationToken: timeout.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false; // nothing of the payload is there: apply it again later
        }
    }
    // end

    // begin errors
    public static async Task<string> ExplainAsync(SyncDatabase sync, ReadOnlyMemory<byte> payload)
    {
        try
        {
            return $"{(await sync.ApplyAsync(payload)).Changes} changes";
        }
        catch (ChunkSyncException failure)
        {
            return failure.Kind switch
            {
                ChunkSyncErrorKind.Busy => "try again",
                ChunkSyncErrorKind.InvalidPayload => "ask the sender for this chunk again",
                ChunkSyncErrorKind.UnknownSchema => "update this program first",
                ChunkSyncErrorKind.RowRefused => $"table {failure.Table} refuses the row {failure.Key}",
                _ => throw new InvalidOperationException("the chunk was not applied", failure),
            };
        }
    }
    // end
}
