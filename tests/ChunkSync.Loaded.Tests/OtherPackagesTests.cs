using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ChunkSync.Packaging;

namespace ChunkSync.Loaded.Tests;

/// <summary>The wheel and the npm packages, as files; <c>./build.sh pack</c> installs and runs them.</summary>
public class OtherPackagesTests
{
    private static readonly Project Made = Project.Read(Repository.Root);
    private static readonly NativeLibrary Built = NativeLibrary.Find(Path.Combine(Repository.Root, "dist"))
        .Single(library => Path.GetDirectoryName(Repository.Library)!.EndsWith(library.Rid, StringComparison.Ordinal));

    [Fact]
    public void Wheel_states_hash_and_size_of_every_file_when_it_is_made()
    {
        string name = Wheel.FileName(Made, Built);
        byte[] wheel = Wheel.Make(Made, Built);
        Dictionary<string, byte[]> files = Unzip(wheel);
        string info = $"chunksync-{Made.Version}.dist-info/";
        string[][] record = [.. Encoding.UTF8.GetString(files[info + "RECORD"]).TrimEnd().Split('\n').Select(line => line.Split(','))];
        Assert.Equal(files.Keys.Order(StringComparer.Ordinal), record.Select(line => line[0]).Order(StringComparer.Ordinal));
        foreach (string[] line in record.Where(line => line[0] != info + "RECORD"))
        {
            string hash = Convert.ToBase64String(SHA256.HashData(files[line[0]])).TrimEnd('=').Replace('+', '-').Replace('/', '_');
            Assert.Equal(("sha256=" + hash, files[line[0]].Length.ToString()), (line[1], line[2]));
        }

        // The tag in the name is the one inside, and its glibc is one that the library can need.
        string tag = name[$"chunksync-{Made.Version}-".Length..^".whl".Length];
        Assert.Contains($"\nTag: {tag}\n", Encoding.UTF8.GetString(files[info + "WHEEL"]));
        Assert.Matches("^py3-none-manylinux_2_(2[3-9]|[34][0-9])_x86_64$", tag);
        Assert.Equal(Built.Content, files["chunksync/chunksync.so"]);
        Assert.Equal(Made.License.ReplaceLineEndings("\n"), Encoding.UTF8.GetString(files[info + "licenses/LICENSE"]));
        Assert.Contains(info + "licenses/THIRD-PARTY-NOTICES.txt", files.Keys);
        string module = Encoding.UTF8.GetString(files["chunksync/__init__.py"]);
        Assert.Contains($"__version__ = \"{Made.Version}\"", module);
        Assert.Contains("made for linux-x64", module);
        Assert.DoesNotContain('@', module);
        Assert.Equal(wheel, Wheel.Make(Made, Built));
    }

    [Fact]
    public void Npm_packages_name_the_platform_and_each_other_when_they_are_made()
    {
        NativeLibrary other = Built with { Rid = "osx-arm64", FileName = "chunksync.dylib" };
        Dictionary<string, byte[]> main = Untar(NpmPackage.MakeMain(Made, [Built, other]));
        using JsonDocument manifest = JsonDocument.Parse(main["package/package.json"]);
        Assert.Equal(
            ["chunksync-linux-x64", "chunksync-osx-arm64"], manifest.RootElement.GetProperty("optionalDependencies").EnumerateObject().Select(item => item.Name));
        Assert.Equal(Made.Version, manifest.RootElement.GetProperty("version").GetString());
        string script = Encoding.UTF8.GetString(main["package/index.js"]);
        Assert.Contains("this release has: linux-x64, osx-arm64", script);
        Assert.DoesNotContain('@', script);
        Assert.All((string[])["index.d.ts", "README.md", "LICENSE", "THIRD-PARTY-NOTICES.txt"], file => Assert.Contains("package/" + file, main.Keys));

        byte[] platform = NpmPackage.MakePlatform(Made, other);
        using JsonDocument inside = JsonDocument.Parse(Untar(platform)["package/package.json"]);
        Assert.Equal(("darwin", "arm64"), (inside.RootElement.GetProperty("os")[0].GetString(), inside.RootElement.GetProperty("cpu")[0].GetString()));
        Assert.False(inside.RootElement.TryGetProperty("libc", out _));
        Assert.Equal(platform, NpmPackage.MakePlatform(Made, other));
        Dictionary<string, byte[]> here = Untar(NpmPackage.MakePlatform(Made, Built));
        Assert.Equal(Built.Content, here["package/chunksync.so"]);
        Assert.Contains("package/LICENSE", here.Keys);
        Assert.Contains("\"glibc\"", Encoding.UTF8.GetString(here["package/package.json"]));
    }

    [Theory]
    [InlineData("linux-x64", "manylinux_2_28_x86_64")]
    [InlineData("linux-arm64", "manylinux_2_28_aarch64")]
    [InlineData("linux-musl-x64", "musllinux_1_2_x86_64")]
    [InlineData("osx-x64", "macosx_10_15_x86_64")]
    [InlineData("osx-arm64", "macosx_11_0_arm64")]
    [InlineData("win-x64", "win_amd64")]
    [InlineData("win-arm64", "win_arm64")]
    public void Wheel_has_the_tag_of_its_platform_and_of_the_glibc_that_it_needs(string rid, string tag) =>
        Assert.Equal(tag, new NativeLibrary(rid, "chunksync.so", "\0GLIBC_2.2.5\0GLIBC_2.28\0GLIBC_2.3\0"u8.ToArray()).WheelTag());

    [Fact]
    public void Package_is_refused_by_name_when_its_platform_has_none_or_nothing_was_built()
    {
        Assert.Equal(
            "freebsd-x64: no wheel has a name for this platform",
            Assert.Throws<PackagingException>(() => new NativeLibrary("freebsd-x64", "chunksync.so", []).WheelTag()).Message);
        Assert.Equal(
            "linux-x64: chunksync.so names no version of glibc",
            Assert.Throws<PackagingException>(() => new NativeLibrary("linux-x64", "chunksync.so", "GLIBC_2."u8.ToArray()).WheelTag()).Message);
        string empty = Directory.CreateTempSubdirectory().FullName;
        Assert.Contains("no library was built there; run ./build.sh", Assert.Throws<PackagingException>(() => NativeLibrary.Find(empty)).Message);
        Directory.Delete(empty);
    }

    private static Dictionary<string, byte[]> Unzip(byte[] zip)
    {
        using ZipArchive archive = new(new MemoryStream(zip));
        return archive.Entries.ToDictionary(entry => entry.FullName, entry => Read(entry.Open()));
    }

    private static Dictionary<string, byte[]> Untar(byte[] archive)
    {
        Dictionary<string, byte[]> files = [];
        using GZipStream compressed = new(new MemoryStream(archive), CompressionMode.Decompress);
        using TarReader reader = new(compressed);
        while (reader.GetNextEntry(copyData: true) is TarEntry entry)
        {
            files.Add(entry.Name, Read(entry.DataStream!));
        }

        return files;
    }

    private static byte[] Read(Stream stream)
    {
        using MemoryStream copy = new();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
