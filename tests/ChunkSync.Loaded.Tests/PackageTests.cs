using System.IO.Compression;

namespace ChunkSync.Loaded.Tests;

/// <summary>What packages have to contain besides the program.</summary>
public class PackageTests
{
    private const string Notices = "THIRD-PARTY-NOTICES.txt";
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    [Fact]
    public void Licence_texts_are_in_the_package_when_it_is_made()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("chunksync-pack");
        try
        {
            (int code, string output, string errors) = Repository.Run(
                "dotnet", "", "pack", "src/ChunkSync.Client/ChunkSync.Client.csproj", "-c", Configuration, "--no-build", "-o", folder.FullName, "-nologo");
            Assert.True(code == 0, output + errors);
            using ZipArchive package = ZipFile.OpenRead(folder.GetFiles("*.nupkg").Single().FullName);
            Assert.Equal(Repository.Read("LICENSE"), Text(package, "LICENSE"));
            Assert.Equal(Repository.Read(Notices), Text(package, Notices));
            Assert.Equal(Repository.Read("README.md"), Text(package, "README.md"));
            foreach (string assembly in (string[])["ChunkSync", "ChunkSync.Format", "ChunkSync.Client"])
            {
                Assert.NotNull(package.GetEntry($"lib/net9.0/{assembly}.dll"));
                Assert.NotNull(package.GetEntry($"lib/net9.0/{assembly}.xml"));
            }

            FileInfo library = new DirectoryInfo(Path.GetDirectoryName(Repository.Library)!).GetFiles("chunksync.*").Single();
            Assert.Equal(library.Length, package.GetEntry($"runtimes/{library.Directory!.Name}/native/{library.Name}")?.Length);
            string manifest = Text(package, "ChunkSync.nuspec");
            foreach (string part in (string[])["<title>", "<description>", "<tags>", "<authors>", "<license type=\"expression\">MIT", "<readme>README.md",
                "<repository type=\"git\"", "id=\"Microsoft.Data.Sqlite.Core\" version=\"6.0.0\"", "id=\"SQLitePCLRaw.core\" version=\"2.0.6\""])
            {
                Assert.Contains(part, manifest, StringComparison.Ordinal);
            }

            Assert.DoesNotContain("ChunkSync.Format\"", manifest, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("build.sh", "tar -czf")]
    [InlineData("build.ps1", "Compress-Archive")]
    public void Licence_texts_are_in_the_archive_when_the_library_is_packed(string script, string command)
    {
        string line = Repository.Read(script).Split('\n').Single(line => line.Contains(command, StringComparison.Ordinal));
        Assert.Contains("LICENSE", line);
        Assert.Contains(Notices, line);
    }

    [Fact]
    public void Licence_of_lz4_is_whole_when_the_notices_are_read()
    {
        string text = Repository.Read(Notices);
        Assert.Contains("Yann Collet", text);
        Assert.Contains("BSD 2-Clause License", text);
        Assert.Contains("Redistributions in binary form must reproduce", text);
        Assert.Contains("THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS", text);
        Assert.Contains("POSSIBILITY OF SUCH DAMAGE", text);
    }

    private static string Text(ZipArchive package, string name)
    {
        ZipArchiveEntry? entry = package.GetEntry(name);
        Assert.True(entry != null, $"{name} is not among {string.Join(", ", package.Entries.Select(other => other.FullName))}");
        using StreamReader reader = new(entry.Open());
        return reader.ReadToEnd();
    }
}
