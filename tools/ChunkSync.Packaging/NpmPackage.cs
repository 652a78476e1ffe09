using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ChunkSync.Packaging;

/// <summary>npm packages: <c>chunksync</c> with the functions, and for each platform one with its library, which the first names as optional
/// dependencies: npm installs the one that fits. The same input gives the same bytes.</summary>
internal static class NpmPackage
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The name of the package of a platform.</summary>
    public static string NameOf(NativeLibrary library) => "chunksync-" + library.Rid;

    /// <summary>The name of the file of a package.</summary>
    public static string FileName(Project project, string package) => $"{package}-{project.Version}.tgz";

    /// <summary>Makes the package with the functions.</summary>
    public static byte[] MakeMain(Project project, IReadOnlyList<NativeLibrary> libraries)
    {
        JsonObject manifest = Manifest(project, "chunksync", project.Summary);
        manifest["main"] = "index.js";
        manifest["types"] = "index.d.ts";
        manifest["engines"] = new JsonObject { ["node"] = ">=18" };
        manifest["optionalDependencies"] = new JsonObject(libraries.Select(library => KeyValuePair.Create(NameOf(library), (JsonNode?)project.Version)));
        string platforms = string.Join(", ", libraries.Select(library => library.Rid));
        return Pack(
        [
            Json(manifest),
            .. project.Node.OrderBy(file => file.Key, StringComparer.Ordinal)
                .Select(file => PackageFile.Text(file.Key, file.Value.Replace("@PLATFORMS@", platforms, StringComparison.Ordinal))),
            PackageFile.Text("README.md", project.Readme),
            PackageFile.Text("LICENSE", project.License),
            PackageFile.Text("THIRD-PARTY-NOTICES.txt", project.Notices),
        ]);
    }

    /// <summary>Makes the package with the library of one platform.</summary>
    public static byte[] MakePlatform(Project project, NativeLibrary library)
    {
        JsonObject manifest = Manifest(project, NameOf(library), $"{project.Summary}: the library for {library.Rid}");
        manifest["os"] = new JsonArray(library.System switch { "osx" => "darwin", "win" => "win32", _ => "linux" });
        manifest["cpu"] = new JsonArray(library.Processor);
        if (library.System.StartsWith("linux", StringComparison.Ordinal))
        {
            manifest["libc"] = new JsonArray(library.System == "linux-musl" ? "musl" : "glibc");
        }

        manifest["files"] = new JsonArray(library.FileName);
        return Pack(
        [
            Json(manifest),
            new(library.FileName, library.Content, IsLibrary: true),
            PackageFile.Text("README.md", $"# {NameOf(library)}\n\nThe library of the package `chunksync` for {library.Rid}. Install `chunksync`.\n"),
            PackageFile.Text("LICENSE", project.License),
            PackageFile.Text("THIRD-PARTY-NOTICES.txt", project.Notices),
        ]);
    }

    private static JsonObject Manifest(Project project, string name, string description) => new()
    {
        ["name"] = name,
        ["version"] = project.Version,
        ["description"] = description,
        ["license"] = "MIT",
        ["keywords"] = new JsonArray([.. project.Keywords.Select(word => (JsonNode)word)]),
    };

    private static PackageFile Json(JsonObject manifest) => PackageFile.Text("package.json", manifest.ToJsonString(Indented) + "\n");

    private static byte[] Pack(IEnumerable<PackageFile> files)
    {
        using MemoryStream memory = new();
        using (GZipStream compressed = new(memory, CompressionLevel.SmallestSize, leaveOpen: true))
        using (TarWriter tar = new(compressed, TarEntryFormat.Ustar))
        {
            foreach (PackageFile file in files)
            {
                UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, "package/" + file.Path)
                {
                    DataStream = new MemoryStream(file.Content),
                    ModificationTime = DateTimeOffset.UnixEpoch,
                    Mode = file.IsLibrary ? mode | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute : mode,
                });
            }
        }

        return memory.ToArray();
    }
}
