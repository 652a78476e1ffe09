using System.Reflection;
using ChunkSync.Tests.Host;

namespace ChunkSync.Loaded.Tests;

/// <summary>docs/testing.md says of every test with a long variant what it does.</summary>
public class SoakTests
{
    [Fact]
    public void Page_has_a_row_for_every_test_with_a_long_variant()
    {
        string page = Repository.Read("docs/testing.md");
        string[] names = [.. new[] { typeof(SoakTests).Assembly, typeof(SoakAttribute).Assembly }
            .SelectMany(assembly => assembly.GetTypes()).SelectMany(type => type.GetMethods())
            .Select(method => method.GetCustomAttribute<SoakAttribute>()?.Name).OfType<string>()];
        Assert.All(names, name => Assert.True(
            page.Contains($"| `{name}` |", StringComparison.Ordinal), $"docs/testing.md has no row | `{name}` | what a turn is | what has to hold |"));
        Assert.Equal(names.Distinct().Count(), names.Length);
        Assert.InRange(names.Length, 10, 1000);
    }
}
