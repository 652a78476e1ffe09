namespace ChunkSync.Tool.Tests;

/// <summary>A test that opens a page in Chromium; skipped where none is installed.</summary>
public sealed class BrowserFactAttribute : FactAttribute
{
    /// <summary>Looks for the browser.</summary>
    public BrowserFactAttribute()
    {
        if (Browser == null)
        {
            Skip = "no chromium is installed";
        }
    }

    /// <summary>The browser's program; null where there is none.</summary>
    public static string? Browser { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => new[] { "chromium", "google-chrome", "chromium-browser" }.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
}
