using System.Text;

namespace ChunkSync.Packaging;

/// <summary>A library that was built: <c>dist/&lt;rid&gt;/chunksync.*</c>.</summary>
/// <param name="Rid">Its platform, as .NET spells it: <c>linux-x64</c>, <c>linux-musl-arm64</c>, <c>osx-arm64</c>, <c>win-x64</c>.</param>
/// <param name="FileName">Its name.</param>
/// <param name="Content">Its bytes.</param>
internal sealed record NativeLibrary(string Rid, string FileName, byte[] Content)
{
    /// <summary>The runtime inside, that of .NET 9, supports glibc 2.23 and newer, whatever symbols it asks for.</summary>
    private const int OldestGlibcOfDotNet = 23;

    /// <summary>The libraries of all platforms under a folder, ordered by platform.</summary>
    /// <exception cref="PackagingException">There is none.</exception>
    public static IReadOnlyList<NativeLibrary> Find(string dist)
    {
        List<NativeLibrary> found = [];
        if (Directory.Exists(dist))
        {
            foreach (string folder in Directory.GetDirectories(dist).Order(StringComparer.Ordinal))
            {
                string? file = ((string[])["chunksync.so", "chunksync.dylib", "chunksync.dll"]).Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
                if (file != null)
                {
                    found.Add(new NativeLibrary(Path.GetFileName(folder), Path.GetFileName(file), File.ReadAllBytes(file)));
                }
            }
        }

        return found.Count > 0 ? found : throw new PackagingException($"{dist}: no library was built there; run ./build.sh");
    }

    /// <summary>The operating system part of the platform: <c>linux</c>, <c>linux-musl</c>, <c>osx</c>, <c>win</c>.</summary>
    public string System => Rid[..Rid.LastIndexOf('-')];

    /// <summary>The processor: <c>x64</c> or <c>arm64</c>.</summary>
    public string Processor => Rid[(Rid.LastIndexOf('-') + 1)..];

    /// <summary>The platform tag of a wheel: PEP 600 for glibc, whose version is what the library asks for, PEP 656 for musl.</summary>
    /// <exception cref="PackagingException">A platform that has no tag.</exception>
    public string WheelTag()
    {
        string machine = (System, Processor) switch
        {
            ("linux" or "linux-musl", "x64") => "x86_64",
            ("linux" or "linux-musl", "arm64") => "aarch64",
            ("osx", "x64") => "x86_64",
            ("osx", "arm64") => "arm64",
            ("win", "x64") => "amd64",
            ("win", "arm64") => "arm64",
            _ => throw new PackagingException($"{Rid}: no wheel has a name for this platform"),
        };
        return System switch
        {
            "linux" => $"manylinux_2_{Math.Max(NewestGlibc(), OldestGlibcOfDotNet)}_{machine}",
            "linux-musl" => "musllinux_1_2_" + machine,
            "osx" => "macosx_" + (Processor == "x64" ? "10_15_" : "11_0_") + machine,
            _ => "win_" + machine,
        };
    }

    /// <summary>The newest minor version of glibc 2 whose symbols the library needs: it names them <c>GLIBC_2.17</c>.</summary>
    private int NewestGlibc()
    {
        ReadOnlySpan<byte> prefix = "GLIBC_2."u8;
        int newest = -1;
        for (ReadOnlySpan<byte> rest = Content; rest.IndexOf(prefix) is int at and >= 0; rest = rest[(at + prefix.Length)..])
        {
            ReadOnlySpan<byte> digits = rest.Slice(at + prefix.Length, Math.Min(3, rest.Length - at - prefix.Length));
            int length = digits.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
            digits = length < 0 ? digits : digits[..length];
            newest = digits.IsEmpty ? newest : Math.Max(newest, int.Parse(Encoding.ASCII.GetString(digits), null));
        }

        return newest >= 0 ? newest : throw new PackagingException($"{Rid}: {FileName} names no version of glibc");
    }
}
