namespace ChunkSync.Tests.Host;

/// <summary>The checkout that the tests were built in, or any folder above them that holds what is asked for.</summary>
public static class Checkout
{
    /// <summary>A file or folder of the repository.</summary>
    /// <param name="path">Its path from the root, with slashes.</param>
    public static string Find(string path)
    {
        string native = path.Replace('/', Path.DirectorySeparatorChar);
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, native);
            if (Path.Exists(candidate))
            {
                return candidate;
            }
        }

        throw new DirectoryNotFoundException($"{path} is in no folder above {AppContext.BaseDirectory}");
    }
}
