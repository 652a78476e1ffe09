namespace ChunkSync.Tests.Host;

/// <summary>The recorded fixtures: beside the repository in <c>shared/fixtures</c>, or where CHUNKSYNC_SHARED says.</summary>
public static class Shared
{
    /// <summary>The folder of the fixtures.</summary>
    public static string Fixtures { get; } = Find();

    /// <summary>The path of one fixture file.</summary>
    public static string Fixture(string name) => Path.Combine(Fixtures, name);

    private static string Find()
    {
        string? configured = Environment.GetEnvironmentVariable("CHUNKSYNC_SHARED");
        if (configured != null)
        {
            return Path.Combine(configured, "fixtures");
        }

        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "shared", "fixtures");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        throw new DirectoryNotFoundException("shared/fixtures was not found beside the repository; set CHUNKSYNC_SHARED");
    }
}
