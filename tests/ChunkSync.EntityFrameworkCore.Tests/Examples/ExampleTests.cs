using System.Text.RegularExpressions;
using ChunkSync.Client.Tests.Host;
using ChunkSync.EntityFrameworkCore.Tests.Host;

namespace ChunkSync.EntityFrameworkCore.Tests.Examples;

/// <summary>The examples of docs/efcore.md do what the text says, and are what is shown.</summary>
public sealed partial class ExampleTests
{
    [Fact]
    public void Blocks_are_the_compiled_ones_when_the_page_shows_them()
    {
        string source = File.ReadAllText(Checkout.Find("tests/ChunkSync.EntityFrameworkCore.Tests/Examples/EfCoreExamples.cs"));
        HashSet<string> shown = [];
        foreach (Match block in Block().Matches(File.ReadAllText(Checkout.Find("docs/efcore.md"))))
        {
            string name = block.Groups["name"].Value;
            string part = Region().Matches(source).Where(match => match.Groups["name"].Value == name)
                .Select(match => Regex.Replace(match.Groups["code"].Value, "^" + match.Groups["indent"].Value, "", RegexOptions.Multiline)).Single();
            Assert.Equal(part, block.Groups["code"].Value);
            shown.Add(name);
        }

        Assert.Equal(Region().Matches(source).Select(match => match.Groups["name"].Value).Order(), shown.Order());
    }

    [Fact]
    public async Task Item_is_on_the_other_device_when_the_blocks_run()
    {
        using TempFolder folder = new();
        using EfCoreExamples.ShopContext one = EfCoreExamples.Open(folder["one.db;Pooling=False"]);
        using EfCoreExamples.ShopContext other = EfCoreExamples.Open(folder["other.db;Pooling=False"]);
        await one.Database.EnsureCreatedAsync();
        await other.Database.EnsureCreatedAsync();
        one.Items.Add(new EfCoreExamples.Item { Name = "apple", Price = 1.5 });
        await one.SaveChangesAsync();
        using MemoryStream network = new();
        Assert.Equal(1, await EfCoreExamples.SendAsync(one, 0, network, default));
        network.Position = 0;
        await EfCoreExamples.ReceiveAsync(other, network, default);
        Assert.Equal(("apple", 1.5), await other.Items.Select(item => ValueTuple.Create(item.Name, item.Price)).SingleAsync());
    }

    [Fact]
    public void Options_of_tables_reach_the_database_when_their_block_runs()
    {
        using VersionedContext context = VersionedContext.On("never opened", "options", EfCoreExamples.Configure);
        Assert.Equal(
            ["SELECT cloudsync_init('Country', 'cls', 1);", "SELECT cloudsync_init('LogLine', 'gos', 0);"],
            Evolution.Sql(null, context).Where(sql => sql.Contains("cloudsync", StringComparison.Ordinal)).Order());
    }

    [GeneratedRegex("^```csharp example=(?<name>[\\w-]+)\\n(?<code>.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();

    [GeneratedRegex(@"^(?<indent> *)// begin (?<name>[\w-]+)\n(?<code>.*?)^ *// end$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Region();
}
