namespace ChunkSync.EntityFrameworkCore.Tests.Host;

/// <summary>A folder for the files of one test.</summary>
public sealed class TempFolder : IDisposable
{
    private readonly string path = Directory.CreateTempSubdirectory("chunksync-ef").FullName;

    /// <summary>The path of a file in it.</summary>
    public string this[string name] => Path.Combine(path, name);

    public void Dispose() => Directory.Delete(path, recursive: true);
}
