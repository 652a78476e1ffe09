using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace ChunkSync.Packaging;

/// <summary>A Python wheel (PEP 427, metadata 2.1): the module <c>chunksync</c> and the library of one platform. The same input gives the same
/// bytes.</summary>
internal static class Wheel
{
    private const int RegularFile = 0x8000 << 16;

    /// <summary>The oldest time that a zip file can state.</summary>
    private static readonly DateTimeOffset Time = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The name of the file: it carries the platform, as installers want it.</summary>
    public static string FileName(Project project, NativeLibrary library) => $"chunksync-{project.Version}-py3-none-{library.WheelTag()}.whl";

    /// <summary>Makes one.</summary>
    public static byte[] Make(Project project, NativeLibrary library)
    {
        string info = $"chunksync-{project.Version}.dist-info/";
        List<PackageFile> files =
        [
            .. project.Python.OrderBy(file => file.Key, StringComparer.Ordinal).Select(file => PackageFile.Text(
                "chunksync/" + file.Key,
                file.Value.Replace("@VERSION@", project.Version, StringComparison.Ordinal).Replace("@PLATFORM@", library.Rid, StringComparison.Ordinal))),
            new("chunksync/" + library.FileName, library.Content, IsLibrary: true),
            PackageFile.Text(info + "METADATA", Metadata(project)),
            PackageFile.Text(info + "WHEEL", $"Wheel-Version: 1.0\nGenerator: chunksync-packaging ({project.Version})\nRoot-Is-Purelib: false\nTag: py3-none-{library.WheelTag()}\n"),
            PackageFile.Text(info + "top_level.txt", "chunksync\n"),
            PackageFile.Text(info + "licenses/LICENSE", project.License),
            PackageFile.Text(info + "licenses/THIRD-PARTY-NOTICES.txt", project.Notices),
        ];
        files.Add(PackageFile.Text(info + "RECORD", Record(files, info + "RECORD")));
        return Zip(files);
    }

    private static string Metadata(Project project) => $"""
        Metadata-Version: 2.1
        Name: chunksync
        Version: {project.Version}
        Summary: {project.Summary}
        License: MIT
        License-File: LICENSE
        License-File: THIRD-PARTY-NOTICES.txt
        Keywords: {string.Join(',', project.Keywords)}
        Classifier: License :: OSI Approved :: MIT License
        Classifier: Programming Language :: Python :: 3
        Classifier: Topic :: Database
        Requires-Python: >=3.8
        Description-Content-Type: text/markdown


        """ + project.Readme;

    /// <summary>Every file with the hash and size of its bytes; the list itself has none.</summary>
    private static string Record(IEnumerable<PackageFile> files, string self)
    {
        StringBuilder text = new();
        foreach (PackageFile file in files)
        {
            string hash = Convert.ToBase64String(SHA256.HashData(file.Content)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
            text.Append(null, $"{file.Path},sha256={hash},{file.Content.Length}\n");
        }

        return text.Append(null, $"{self},,\n").ToString();
    }

    private static byte[] Zip(List<PackageFile> files)
    {
        using MemoryStream memory = new();
        using (ZipArchive archive = new(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (PackageFile file in files)
            {
                ZipArchiveEntry entry = archive.CreateEntry(file.Path, CompressionLevel.Optimal);
                entry.LastWriteTime = Time;
                entry.ExternalAttributes = RegularFile | (Convert.ToInt32(file.IsLibrary ? "755" : "644", 8) << 16);
                using Stream content = entry.Open();
                content.Write(file.Content);
            }
        }

        return memory.ToArray();
    }
}
