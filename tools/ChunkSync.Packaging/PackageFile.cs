using System.Text;

namespace ChunkSync.Packaging;

/// <summary>One file of a package.</summary>
/// <param name="Path">Its path inside, with slashes.</param>
/// <param name="Content">Its bytes.</param>
/// <param name="IsLibrary">Whether it is to be executable.</param>
internal sealed record PackageFile(string Path, byte[] Content, bool IsLibrary = false)
{
    /// <summary>A text file, UTF-8 with line feeds.</summary>
    public static PackageFile Text(string path, string text) => new(path, Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\n")));
}
