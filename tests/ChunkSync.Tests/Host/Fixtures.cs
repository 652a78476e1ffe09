namespace ChunkSync.Tests.Host;

/// <summary>The recorded data of the repository, in <c>tests/fixtures</c>.</summary>
public static class Fixtures
{
    /// <summary>The folder of the fixtures.</summary>
    public static string Folder { get; } = Checkout.Find("tests/fixtures");

    /// <summary>The path of one fixture file.</summary>
    public static string File(string name) => Path.Combine(Folder, name);
}
