namespace ChunkSync.Loaded.Tests;

/// <summary>The project of the native library asks for the system that is built for, whatever the building machine is.</summary>
public class BuildTests
{
    private const string NoUnload = "-Wl,-z,nodelete";
    private const string FixedTls = "statictls.s";

    [Theory]
    [InlineData("win-x64", "")]
    [InlineData("osx-arm64", "libc")]
    [InlineData("linux-musl-x64", "libc " + NoUnload)]
    [InlineData("linux-x64", "libc " + NoUnload + " " + FixedTls)]
    public void Linker_gets_what_the_target_needs_when_another_system_builds(string target, string expected)
    {
        (int code, string items, string errors) = Repository.Run("dotnet", "", "msbuild", "src/ChunkSync.Extension/ChunkSync.Extension.csproj",
            "-p:RuntimeIdentifier=" + target, "-p:Configuration=Release", "-getItem:LinkerArg", "-getItem:DirectPInvoke", "-getItem:NativeLibrary");
        Assert.True(code == 0, items + errors);
        foreach (string word in (string[])["\"libc\"", NoUnload, FixedTls])
        {
            Assert.Equal((word, expected.Split(' ').Contains(word.Trim('"'))), (word, items.Contains(word, StringComparison.Ordinal)));
        }

        // Another system's archive cannot be linked in.
        Assert.True(target == "linux-x64" || !items.Contains("liblz4.a", StringComparison.Ordinal), items);
    }
}
