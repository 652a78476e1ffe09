namespace ChunkSync.Tests.Host;

/// <summary>The recorded data of the repository, in <c>tests/fixtures</c>.</summary>
public static class Fixtures
{
    /// <summary>The folder of the fixtures.</summary>
    public static string Folder { get; } = Find();

    /// <summary>The path of one fixture file.</summary>
    public static string File(string name) => Path.Combine(Folder, name);

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "tests", "fixtures");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        throw new DirectoryNotFoundException("tests/fixtures was not found above " + AppContext.BaseDirectory);
    }
}
