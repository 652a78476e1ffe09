using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using ChunkSync.Client.Tests.Host;

namespace ChunkSync.Client.Tests.Examples;

/// <summary>The examples of docs/dotnet.md and of the README do what the text says, and are what is shown.</summary>
public sealed partial class ExampleTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("chunksync-examples").FullName;

    private string File => Path.Combine(folder, "shop.db;Pooling=False");

    [Fact]
    public void Blocks_are_the_compiled_ones_when_pages_show_them()
    {
        string source = System.IO.File.ReadAllText(Checkout.Find("tests/ChunkSync.Client.Tests/Examples/DotNetExamples.cs"));
        HashSet<string> shown = [];
        foreach (string page in (string[])["README.md", "docs/dotnet.md"])
        {
            foreach (Match block in Block().Matches(System.IO.File.ReadAllText(Checkout.Find(page))))
            {
                string name = block.Groups["name"].Value;
                string[] parts = [.. Region().Matches(source).Where(match => match.Groups["name"].Value == name)
                    .Select(match => Regex.Replace(match.Groups["code"].Value, "^" + match.Groups["indent"].Value, "", RegexOptions.Multiline))];
                Assert.True(parts.Length == 1, $"{page}: there is no example {name}");
                Assert.Equal(parts[0], block.Groups["code"].Value);
                shown.Add(name);
            }
        }

        Assert.Equal(Region().Matches(source).Select(match => match.Groups["name"].Value).Order(), shown.Order());
    }

    [Fact]
    public async Task Two_databases_are_equal_when_the_blocks_run_in_order()
    {
        using SqliteConnection connection = DotNetExamples.Open(File);
        SyncDatabase sync = connection.ChunkSync();
        Database.Run(connection, "INSERT INTO items VALUES ('a', 'apple', 1), ('b', 'banana', 2)");
        using MemoryStream network = new();
        Assert.Equal(1, await DotNetExamples.SendAsync(sync, 0, network, default));
        Assert.Equal(1, await DotNetExamples.SendAsync(sync, 1, network, default));
        Assert.Equal("1 chunks, 4 changes, 247 bytes before compression", await DotNetExamples.DescribeAsync(sync, default));

        using Database to = Database.Create();
        network.Position = 0;
        await DotNetExamples.ReceiveAsync(to.Sync, network, default);
        Assert.Equal("2", to.Text("SELECT count(*) FROM items"));

        string export = Directory.CreateDirectory(Path.Combine(folder, "export")).FullName;
        await DotNetExamples.ExportAsync(sync, export, default);
        Database.Run(connection, "UPDATE items SET price = 3");
        await DotNetExamples.ExportAsync(sync, export, default);
        await DotNetExamples.ExportAsync(sync, export, default);
        Assert.Equal(["1.0.0.chunk", "2.0.0.chunk", "bookmark.txt"], Directory.GetFiles(export).Select(file => Path.GetFileName(file)).Order());
        Assert.Equal(6, await DotNetExamples.ApplyFolderAsync(to.Sync, export, default));
        Assert.Equal("6", to.Text("SELECT sum(price) FROM items"));

        byte[] payload = await System.IO.File.ReadAllBytesAsync(Path.Combine(export, "2.0.0.chunk"));
        using Database third = Database.Create();
        Assert.Equal(["Insert items 'a'", "Insert items 'b'"], (await DotNetExamples.ApplyAndListAsync(third.Sync, payload, default)).Order());
        Assert.True(await DotNetExamples.TryApplyAsync(third.Sync, payload, TimeSpan.FromMinutes(1)));
        Assert.False(await DotNetExamples.TryApplyAsync(third.Sync, payload, TimeSpan.Zero));
        Assert.Equal("2 changes", await DotNetExamples.ExplainAsync(third.Sync, payload));
        Assert.Equal("ask the sender for this chunk again", await DotNetExamples.ExplainAsync(third.Sync, payload.AsMemory(0, 50)));
        Assert.NotNull(await DotNetExamples.PercentsAsync(sync, Stream.Null, default));
    }

    [Fact]
    public async Task Gaps_close_when_the_sender_is_asked_again()
    {
        using SqliteConnection connection = DotNetExamples.Open(File);
        Database.Run(connection, "INSERT INTO items VALUES ('a', 'apple', 1)");
        Database.Run(connection, "INSERT INTO items VALUES ('b', 'banana', 2)");
        Database.Run(connection, "INSERT INTO items VALUES ('c', 'cherry', 3)");
        using Database to = Database.Create();
        using MemoryStream last = new();
        await DotNetExamples.SendAsync(connection.ChunkSync(), 2, last, default);
        last.Position = 0;
        await DotNetExamples.ReceiveAsync(to.Sync, last, default);
        Assert.Equal(2, to.Sync.Gaps().Count);

        // The change of version 2 becomes one of version 4: nothing is left there.
        Database.Run(connection, "DELETE FROM items WHERE id IN ('a', 'b')");
        using MemoryStream again = new();
        await DotNetExamples.ResendAsync(connection.ChunkSync(), to.Sync.Gaps(), again, default);
        again.Position = 0;
        await DotNetExamples.ReceiveAsync(to.Sync, again, default);
        Assert.Single(to.Sync.Gaps());
        Assert.Equal("c", to.Text("SELECT group_concat(id) FROM items"));
    }

    [Fact]
    public async Task Server_has_the_rows_of_the_phone_when_the_block_of_the_readme_runs()
    {
        string server = Path.Combine(folder, "server.db;Pooling=False");
        using SqliteConnection phone = DotNetExamples.Open(File);
        Database.Run(phone, "INSERT INTO items VALUES ('a', 'apple', 1)");
        using SqliteConnection other = DotNetExamples.Open(server);
        await DotNetExamples.SyncAsync(File, server);
        using SqliteCommand command = other.CreateCommand();
        command.CommandText = "SELECT name FROM items";
        Assert.Equal("apple", command.ExecuteScalar());
    }

    [Fact]
    public void Native_library_is_loaded_when_its_block_runs()
    {
        using SqliteConnection connection = new("Data Source=:memory:;Pooling=False");
        DotNetExamples.OpenWithNativeLibrary(connection, Checkout.NativeLibrary);
        Assert.True(connection.ChunkSync().Site.IsEmpty);
    }

    /// <summary>The names that the page lists.</summary>
    [Fact]
    public void Instruments_are_those_of_the_page()
    {
        _ = Instruments.Source;
        SortedSet<string> names = new(StringComparer.Ordinal);
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == Instruments.Name)
            {
                lock (names)
                {
                    names.Add(instrument.Name);
                }
            }
        };
        listener.Start();
        string page = System.IO.File.ReadAllText(Checkout.Find("docs/dotnet.md"));
        Assert.Equal(8, names.Count);
        Assert.All(names, name => Assert.Contains($"`{name}`", page, StringComparison.Ordinal));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [GeneratedRegex("^```csharp example=(?<name>[\\w-]+)\\n(?<code>.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();

    [GeneratedRegex(@"^(?<indent> *)// begin (?<name>[\w-]+)\n(?<code>.*?)^ *// end$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Region();
}
