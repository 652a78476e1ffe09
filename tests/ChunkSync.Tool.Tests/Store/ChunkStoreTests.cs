namespace ChunkSync.Tool.Tests;

/// <summary>What every store has to do.</summary>
public abstract class ChunkStoreTests
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 1000).Select(number => (byte)number)];

    /// <summary>A new, empty one.</summary>
    private protected abstract IChunkStore Open();

    [Fact]
    public async Task Read_gives_the_range_when_the_object_is_there()
    {
        using IChunkStore store = Open();
        await store.PutAsync("c/one.clsy", Content, default);
        Assert.Equal(Content, await store.ReadAsync("c/one.clsy", 0, 1000, default));
        Assert.Equal(Content, await store.ReadAsync("c/one.clsy", 0, 100_000, default));
        Assert.Equal(Content[200..300], await store.ReadAsync("c/one.clsy", 200, 100, default));
        Assert.Equal(Content[990..], await store.ReadAsync("c/one.clsy", 990, 100, default));
        Assert.Empty((await store.ReadAsync("c/one.clsy", 1000, 100, default))!);
        Assert.Empty((await store.ReadAsync("c/one.clsy", 5000, 100, default))!);
        Assert.Empty((await store.ReadAsync("c/one.clsy", 5, 0, default))!);
    }

    [Fact]
    public async Task Read_gives_null_when_the_object_is_not_there()
    {
        using IChunkStore store = Open();
        Assert.Null(await store.ReadAsync("head.json", 0, 10, default));
        Assert.Null(await store.ReadAsync("c/one.clsy", 0, 10, default));
        await store.PutAsync("c/one.clsy", Content, default);
        Assert.Null(await store.ReadAsync("c/two.clsy", 0, 10, default));
        Assert.Null(await store.Folder("other").ReadAsync("c/one.clsy", 0, 10, default));
        await store.DeleteAsync("c/one.clsy", default);
        await store.DeleteAsync("c/one.clsy", default);
        await store.DeleteAsync("m/none.json", default);
        Assert.Null(await store.ReadAsync("c/one.clsy", 0, 10, default));
    }

    [Fact]
    public async Task Put_replaces_what_is_there_and_takes_nothing_as_well()
    {
        using IChunkStore store = Open();
        await store.PutAsync("head.json", Content, default);
        await store.PutAsync("head.json", Content.AsMemory(100, 50), default);
        Assert.Equal(Content[100..150], await store.ReadAsync("head.json", 0, 1000, default));
        await store.PutAsync("head.json", default, default);
        Assert.Empty((await store.ReadAsync("head.json", 0, 1000, default))!);
    }

    [Fact]
    public async Task List_gives_what_lies_directly_in_a_folder()
    {
        using IChunkStore store = Open();
        Assert.Empty(await NamesAsync(store, ""));
        string[] names = ["head.json", "c/1.clsy", "c/2.clsy", "c/3.clsy", "c/4.clsy", "c/5.clsy", "m/1.json"];
        foreach (string name in names)
        {
            await store.PutAsync(name, Content, default);
        }

        await store.Folder("deep").PutAsync("c/9.clsy", Content, default);
        Assert.Equal(["c/", "deep/", "head.json", "m/"], await NamesAsync(store, ""));
        Assert.Equal(["1.clsy", "2.clsy", "3.clsy", "4.clsy", "5.clsy"], await NamesAsync(store, "c"));
        Assert.Equal(["c/"], await NamesAsync(store.Folder("deep"), ""));
        Assert.Empty(await NamesAsync(store, "none"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/head.json")]
    [InlineData("../head.json")]
    [InlineData("c/../../head.json")]
    [InlineData("c//1")]
    [InlineData("c/")]
    [InlineData(".hidden")]
    [InlineData("c/./1")]
    [InlineData("c\\1")]
    [InlineData("c/1\n")]
    [InlineData("C:x")]
    public async Task Name_is_refused_when_it_could_lead_out(string name)
    {
        using IChunkStore store = Open();
        await Assert.ThrowsAsync<ArgumentException>(() => store.PutAsync(name, Content, default));
        await Assert.ThrowsAsync<ArgumentException>(() => store.ReadAsync(name, 0, 1, default));
        await Assert.ThrowsAsync<ArgumentException>(() => store.DeleteAsync(name, default));
        Assert.Throws<ArgumentException>(() => store.Folder(name));
    }

    [Fact]
    public async Task Object_is_whole_when_two_put_it_at_once()
    {
        using IChunkStore store = Open();
        byte[][] contents = [.. Enumerable.Range(0, 8).Select(number => Enumerable.Repeat((byte)number, 20_000 + number).ToArray())];
        await store.PutAsync("head.json", contents[0], default);
        using CancellationTokenSource end = new();
        Task reads = Task.Run(async () =>
        {
            while (!end.IsCancellationRequested)
            {
                byte[] read = (await store.ReadAsync("head.json", 0, 100_000, default))!;
                Assert.Equal(contents[read[0]], read);
            }
        });
        await Parallel.ForEachAsync(Enumerable.Range(0, 40), async (number, _) => await store.PutAsync("head.json", contents[number % 8], default));
        await end.CancelAsync();
        await reads;
        Assert.Equal(["head.json"], await NamesAsync(store, ""));
    }

    private protected static async Task<List<string>> NamesAsync(IChunkStore store, string folder)
    {
        List<string> names = [];
        await foreach (string name in store.ListAsync(folder, default))
        {
            names.Add(name);
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    }
}
