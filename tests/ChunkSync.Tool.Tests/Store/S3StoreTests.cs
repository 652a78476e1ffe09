using System.Net;
using System.Net.Sockets;

namespace ChunkSync.Tool.Tests;

public sealed class S3StoreTests : ChunkStoreTests
{
    [Fact]
    public async Task Keys_begin_with_the_prefix_when_there_is_one()
    {
        string bucket = NewBucket();
        foreach (string address in (string[])[$"s3://{bucket}", $"s3://{bucket}/", $"S3://{bucket}/some/where", $"s3://{bucket}/some/where/"])
        {
            using IChunkStore store = ChunkStores.Open(address);
            await store.PutAsync("head.json", new byte[] { 1 }, default);
            await store.Folder("deep").PutAsync("head.json", new byte[] { 1 }, default);
        }

        Assert.Equal(
            [$"{bucket}/deep/head.json", $"{bucket}/head.json", $"{bucket}/some/where/deep/head.json", $"{bucket}/some/where/head.json"],
            S3Server.Shared.Objects.Keys.Where(key => key.StartsWith(bucket, StringComparison.Ordinal)).Order());
    }

    [Fact]
    public async Task Call_fails_with_one_line_when_the_server_refuses()
    {
        string bucket = NewBucket();
        S3Server.Shared.Failures[bucket] = "AccessDenied";
        using IChunkStore store = ChunkStores.Open($"s3://{bucket}/p");
        ToolException failure = await Assert.ThrowsAsync<ToolException>(() => store.PutAsync("head.json", new byte[] { 1 }, default));
        Assert.Equal((ExitCode.InputOutput, $"chunksync: s3://{bucket}/p/head.json: AccessDenied, AccessDenied for the test"), (failure.Code, failure.Line));
        await Assert.ThrowsAsync<ToolException>(() => store.ReadAsync("head.json", 0, 1, default));
        await Assert.ThrowsAsync<ToolException>(() => NamesAsync(store, ""));
        S3Server.Shared.Failures[bucket] = "NoSuchBucket";
        await Assert.ThrowsAsync<ToolException>(() => store.ReadAsync("head.json", 0, 1, default));
    }

    [Fact]
    public async Task Put_fails_when_who_answers_is_no_server_with_an_S3_API()
    {
        string bucket = NewBucket();
        S3Server.Shared.Pretends[bucket] = true;
        using IChunkStore store = ChunkStores.Open($"s3://{bucket}/p");
        ToolException failure = await Assert.ThrowsAsync<ToolException>(() => store.PutAsync("head.json", new byte[] { 1 }, default));
        Assert.Equal((ExitCode.InputOutput, $"s3://{bucket}/p/head.json", "the answer is not that of a server with an S3 API (it has no ETag)"), (failure.Code, failure.What, failure.Cause));
    }

    [Fact]
    public async Task Read_fails_when_the_server_stops_in_the_middle_of_an_object()
    {
        string bucket = NewBucket();
        S3Server.Shared.Stalls[bucket] = true;
        using S3Store store = new(bucket, "p", TimeSpan.FromSeconds(1));
        ToolException failure = await Assert.ThrowsAsync<ToolException>(() => store.ReadAsync("head.json", 0, 10, default).WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal((ExitCode.InputOutput, "the server sent nothing for 1 seconds"), (failure.Code, failure.Cause));
    }

    [Fact]
    public async Task Call_fails_when_no_answer_comes()
    {
        string bucket = NewBucket();
        S3Server.Shared.Silences[bucket] = true;
        using S3Store store = new(bucket, "p", TimeSpan.FromSeconds(1));
        Func<Task>[] calls = [() => store.ReadAsync("head.json", 0, 10, default), () => store.PutAsync("head.json", new byte[300_000], default), () => NamesAsync(store, "")];
        foreach (Func<Task> call in calls)
        {
            ToolException failure = await Assert.ThrowsAsync<ToolException>(() => call().WaitAsync(TimeSpan.FromSeconds(30)));
            Assert.Equal((ExitCode.InputOutput, "the server sent nothing for 1 seconds", "run the command again"), (failure.Code, failure.Cause, failure.Cure));
        }
    }

    [Fact]
    public async Task Command_says_nothing_of_keys_when_the_connection_is_cut()
    {
        _ = S3Server.Shared;
        using Workspace workspace = new();
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using CancellationTokenSource end = new();
        Task cutting = CutAsync(listener, end.Token);
        string endpoint = $"http://{listener.LocalEndpoint}";
        using System.Diagnostics.Process process = Tool.Start(start => start.Environment["AWS_ENDPOINT_URL_S3"] = endpoint, "chunks", workspace.Shop(), "--out", "s3://b/p");
        process.StandardInput.Close();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        await end.CancelAsync();
        await cutting;
        Assert.Equal((int)ExitCode.InputOutput, process.ExitCode);
        Assert.Matches(@"\Achunksync: s3://b/p/head\.json: The response ended prematurely[^;\n]*; run the command again\n\z", error);
    }

    [Fact]
    public async Task Call_is_cancelled_when_no_answer_comes()
    {
        string bucket = NewBucket();
        S3Server.Shared.Silences[bucket] = true;
        using S3Store store = new(bucket, "p");
        using CancellationTokenSource soon = new(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.ReadAsync("head.json", 0, 10, soon.Token).WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void Address_is_refused_when_the_bucket_is_missing()
    {
        ToolException failure = Assert.Throws<ToolException>(() => ChunkStores.Open("s3:///x"));
        Assert.Equal((ExitCode.Usage, "chunksync: s3:///x: the bucket is missing; write s3://BUCKET/PREFIX"), (failure.Code, failure.Line));
    }

    [Theory]
    [InlineData("AWS_ENDPOINT_URL_S3", "nonsense", 2, "s3://b: Value for ServiceURL is not a valid URL: nonsense; set AWS_ACCESS_KEY_ID, ")]
    [InlineData("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1", 6, "s3://b/p/head.json: Connection refused (127.0.0.1:1); set AWS_ACCESS_KEY_ID, ")]
    public async Task Command_fails_with_one_line_when_what_is_configured_cannot_be_used(string variable, string value, int code, string line)
    {
        _ = S3Server.Shared;
        using Workspace workspace = new();
        using System.Diagnostics.Process process = Tool.Start(start => start.Environment[variable] = value, "chunks", workspace.Shop(), "--out", "s3://b/p");
        process.StandardInput.Close();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(code, process.ExitCode);
        Assert.StartsWith("chunksync: " + line, error, StringComparison.Ordinal);
        Assert.EndsWith("for a server of your own\n", error, StringComparison.Ordinal);
    }

    private protected override IChunkStore Open() => ChunkStores.Open($"s3://{NewBucket()}/prefix");

    /// <summary>Takes connections, and cuts each once something was asked.</summary>
    private static async Task CutAsync(TcpListener listener, CancellationToken end)
    {
        try
        {
            while (true)
            {
                using TcpClient client = await listener.AcceptTcpClientAsync(end);
                _ = await client.GetStream().ReadAtLeastAsync(new byte[65_536], 1, throwOnEndOfStream: false, end);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private static string NewBucket()
    {
        _ = S3Server.Shared;
        return "bucket-" + Guid.NewGuid().ToString("N");
    }
}
