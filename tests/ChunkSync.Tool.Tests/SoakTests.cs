using System.Reflection;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tool.Tests;

/// <summary>docs/testing.md says of every test with a long variant what it does.</summary>
public class SoakTests
{
    [Fact]
    public void Page_has_a_row_for_every_test_with_a_long_variant()
    {
        string page = File.ReadAllText(Path.Combine(Workspace.Root, "docs/testing.md"));
        string[] names = [.. typeof(SoakTests).Assembly.GetTypes().SelectMany(type => type.GetMethods())
            .Select(method => method.GetCustomAttribute<SoakAttribute>()?.Name).OfType<string>()];
        Assert.All(names, name => Assert.True(page.Contains($"| `{name}` |", StringComparison.Ordinal), $"docs/testing.md has no row of {name}"));
        Assert.InRange(names.Length, 4, 1000);
    }
}
