using System.Text.RegularExpressions;

namespace ChunkSync.Loaded.Tests;

/// <summary>A C program of folder <c>native</c>, compiled in a folder of its own. It prints a line "ok NAME" or "FAIL NAME" per
/// check, and exits with 0 when all are ok.</summary>
internal sealed partial class CProgram : IDisposable
{
    private const string MemoryFolder = "/dev/shm";

    private readonly string program;
    private string? fastFolder;

    /// <summary>Compiles a program.</summary>
    /// <param name="sources">File names in <c>native</c>; the first names the program.</param>
    public CProgram(params string[] sources)
    {
        Folder = Directory.CreateTempSubdirectory("chunksync-native").FullName;
        program = Path.Combine(Folder, Path.GetFileNameWithoutExtension(sources[0]));
        string native = Path.Combine(Repository.Root, "native");
        (int code, _, string errors) = Repository.Run("gcc", "",
            ["-O1", "-g", "-Wall", "-Wextra", "-Werror", "-o", program, .. sources.Select(file => Path.Combine(native, file)), "-lsqlite3", "-lpthread", "-ldl",
                "-Wl,--no-as-needed", "-lm"]);
        Assert.True(code == 0, errors);
    }

    /// <summary>A folder that is deleted with the program.</summary>
    public string Folder { get; }

    /// <summary>How long a run may take.</summary>
    public TimeSpan Patience { get; init; } = Repository.Patience;

    /// <summary>Like <see cref="Folder"/>, in memory where the system has such a place: for programs that write more than they compute.</summary>
    public string FastFolder
    {
        get
        {
            if (fastFolder == null)
            {
                fastFolder = Directory.Exists(MemoryFolder) ? Path.Combine(MemoryFolder, Path.GetFileName(Folder)) : Folder;
                Directory.CreateDirectory(fastFolder);
            }

            return fastFolder;
        }
    }

    /// <summary>Runs it with the library and further arguments; fails unless all checks are ok.</summary>
    /// <param name="checks">How many checks there are; null: at least one.</param>
    /// <param name="arguments">What follows the library.</param>
    /// <returns>What it printed.</returns>
    public string Run(int? checks, params string[] arguments) => RunOn(null, checks, arguments);

    /// <summary>The same on another SQLite library than the system's.</summary>
    /// <param name="sqlite">The path of the library; null for the system's.</param>
    /// <param name="checks">How many checks there are; null: at least one.</param>
    /// <param name="arguments">What follows the library.</param>
    /// <returns>What it printed.</returns>
    public string RunOn(string? sqlite, int? checks, params string[] arguments)
    {
        string libraries = Path.Combine(Folder, "sqlite");
        Directory.CreateDirectory(libraries);
        string link = Path.Combine(libraries, "libsqlite3.so.0");
        File.Delete(link);
        if (sqlite != null)
        {
            File.CreateSymbolicLink(link, sqlite);
        }

        (int code, string output, string errors) = Repository.RunIn(
            Patience, Repository.Root, "env", "", ["LD_LIBRARY_PATH=" + libraries, program, Repository.Library, .. arguments]);
        Assert.True(code == 0, $"code {code}\n{output}\n{errors}");
        int ok = OkLine().Count(output);
        Assert.True(checks == null ? ok > 0 : ok == checks, $"{ok} checks, not {checks}\n{output}");
        return output;
    }

    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
        if (fastFolder != null && fastFolder != Folder)
        {
            Directory.Delete(fastFolder, recursive: true);
        }
    }

    [GeneratedRegex("^ok ", RegexOptions.Multiline)]
    private static partial Regex OkLine();
}
