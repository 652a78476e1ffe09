using ChunkSync.Client.Tests.Diagnostics;
using ChunkSync.Client.Tests.Host;

namespace ChunkSync.EntityFrameworkCore.Tests.Surface;

/// <summary>The public surface is the checked-in one, and all of it is used.</summary>
public class SurfaceTests
{
    private static readonly string ListPath = Checkout.Find("src/ChunkSync.EntityFrameworkCore/PublicApi.txt");

    /// <summary>With CHUNKSYNC_WRITE_DOCS=1 the list is written instead.</summary>
    [Fact]
    public void Public_surface_is_the_checked_in_list()
    {
        string now = string.Concat(PublicApi.Lines(typeof(SyncedAttribute).Assembly).Select(line => line + "\n"));
        if (Environment.GetEnvironmentVariable("CHUNKSYNC_WRITE_DOCS") == "1")
        {
            File.WriteAllText(ListPath, now);
        }

        Assert.Equal(File.ReadAllText(ListPath), now);
    }

    [Fact]
    public void Every_public_name_is_used_by_a_test()
    {
        string tests = string.Concat(Directory.EnumerateFiles(Checkout.Find("tests/ChunkSync.EntityFrameworkCore.Tests"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal)).Select(File.ReadAllText));
        string[] unused = [.. PublicApi.Names(typeof(SyncedAttribute).Assembly)
            .Where(name => !name.EndsWith("Extensions", StringComparison.Ordinal) && !System.Text.RegularExpressions.Regex.IsMatch(tests, $@"\b{name}\b"))];
        Assert.True(unused.Length == 0, string.Join(", ", unused));
    }
}
