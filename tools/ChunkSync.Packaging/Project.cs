using System.Xml.Linq;

namespace ChunkSync.Packaging;

/// <summary>What all packages say of the project, from the places where it is said already.</summary>
/// <param name="Version">The version.</param>
/// <param name="Summary">One line.</param>
/// <param name="Keywords">For registries.</param>
/// <param name="Readme">The text of README.md.</param>
/// <param name="License">The licence's text.</param>
/// <param name="Notices">The licences of what the library contains.</param>
/// <param name="Python">The sources of the Python module, by name.</param>
/// <param name="Node">The sources of the npm package, by name.</param>
internal sealed record Project(
    string Version, string Summary, string[] Keywords, string Readme, string License, string Notices,
    IReadOnlyDictionary<string, string> Python, IReadOnlyDictionary<string, string> Node)
{
    /// <summary>Reads them.</summary>
    /// <param name="root">The repository's folder.</param>
    public static Project Read(string root)
    {
        string Text(string path) => File.ReadAllText(Path.Combine(root, path));
        string Property(string path, string name) => XDocument.Parse(Text(path)).Descendants(name).FirstOrDefault()?.Value
            ?? throw new PackagingException($"{path}: no {name} in it");
        const string Client = "src/ChunkSync.Client/ChunkSync.Client.csproj";
        return new Project(
            Property("Directory.Build.props", "Version"), Property(Client, "Title"), Property(Client, "PackageTags").Split(';'),
            Text("README.md"), Text("LICENSE"), Text("THIRD-PARTY-NOTICES.txt"), Sources(root, "packages/python/chunksync"), Sources(root, "packages/node"));
    }

    private static Dictionary<string, string> Sources(string root, string folder) =>
        Directory.GetFiles(Path.Combine(root, folder)).ToDictionary(path => Path.GetFileName(path), File.ReadAllText);
}
