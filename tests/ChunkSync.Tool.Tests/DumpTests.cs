using ChunkSync.Client;
using Microsoft.Data.Sqlite;

namespace ChunkSync.Tool.Tests;

public sealed class DumpTests : IDisposable
{
    private readonly Workspace workspace = new();

    [Fact]
    public async Task Payload_is_read_from_standard_input_when_it_is_a_dash()
    {
        (byte[] payload, _) = await PayloadAsync();
        ToolRun run = (await Tool.RunAsync(new ToolInput { Bytes = payload }, "dump", "-", "--json")).Expect(ExitCode.Done);
        Assert.Equal(["header", "change", "change"], run.JsonLines.Select(line => (string?)line["kind"]));
        (await Tool.RunAsync("dump", "-")).Fails(
            ExitCode.Refused, "chunksync: standard input: 0 bytes are no payload: its header alone has 32; get the payload again from who sent it");
    }

    [Fact]
    public async Task Envelope_is_named_when_the_payload_is_in_one()
    {
        (_, byte[] envelope) = await PayloadAsync();
        ToolRun run = (await Tool.RunAsync(new ToolInput { Bytes = envelope }, "dump", "-")).Expect(ExitCode.Done);
        Assert.StartsWith("envelope  of ", run.Output, StringComparison.Ordinal);
        Assert.Contains("from 1.0.0 to ", run.Output, StringComparison.Ordinal);
        envelope[^1] ^= 1;
        (await Tool.RunAsync(new ToolInput { Bytes = envelope }, "dump", "-")).Fails(
            ExitCode.Refused, "chunksync: standard input: the envelope is damaged or cut off, or more stands behind it; get it again from who sent it");
    }

    [Fact]
    public async Task Files_are_refused_when_they_are_none()
    {
        string file = workspace.At("no.clsy");
        (await Tool.RunAsync("dump", file)).Fails(ExitCode.InputOutput, $"chunksync: {file}: no such file; give the path of a payload");
        (await Tool.RunAsync("dump", workspace.Folder)).Expect(ExitCode.InputOutput);
    }

    [Fact]
    public async Task Hostile_payloads_are_refused_with_one_line()
    {
        (byte[] payload, byte[] envelope) = await PayloadAsync();
        Random random = new(Seed.Value);
        for (int turn = 0; turn < 300; turn++)
        {
            byte[] bytes = [.. turn % 3 == 0 ? envelope : payload];
            for (int i = random.Next(3); i >= 0; i--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            bytes = bytes[..(random.Next(4) == 0 ? random.Next(bytes.Length) : bytes.Length)];
            ToolRun run = await Tool.RunAsync(new ToolInput { Bytes = bytes }, "dump", "-", "--json");
            Assert.True(run.Code is 0 or 4 && run.Error.Split('\n').Length <= 2, $"CHUNKSYNC_SEED={Seed.Value}, {turn}: {run}");
            Assert.NotEmpty(run.JsonLines);
        }
    }

    public void Dispose() => workspace.Dispose();

    private async Task<(byte[] Payload, byte[] Envelope)> PayloadAsync()
    {
        string file = workspace.Shop("shop.db", "INSERT INTO items VALUES ('a', 'apple', 1)");
        using SqliteConnection connection = Workspace.Connect(file);
        using MemoryStream envelope = new();
        byte[] payload = [];
        await foreach (Chunk chunk in connection.ChunkSync().ReadAsync(new ChunkWindow(since: 0)))
        {
            payload = chunk.Payload.ToArray();
            await chunk.ToEnvelope(connection.ChunkSync().Site).WriteToAsync(envelope);
        }

        return (payload, envelope.ToArray());
    }
}
