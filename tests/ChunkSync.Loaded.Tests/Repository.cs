using System.Diagnostics;
using System.Reflection;

namespace ChunkSync.Loaded.Tests;

/// <summary>Where things are, and how programs are run.</summary>
internal static class Repository
{
    /// <summary>How long a program may run.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromMinutes(4);

    /// <summary>The root of the checkout.</summary>
    public static string Root { get; } = Metadata("RepoRoot");

    /// <summary>The built library without its suffix, as <c>.load</c> takes it.</summary>
    public static string Library => Path.Combine(Root, "dist", Metadata("RuntimeIdentifier"), "chunksync");

    /// <summary>The text of a file of the repository.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>Runs a program in the root and returns exit code, output and errors.</summary>
    public static (int Code, string Output, string Errors) Run(string program, string input, params string[] arguments) =>
        RunIn(Root, program, input, arguments);

    /// <summary>Runs a program in a folder and returns exit code, output and errors.</summary>
    public static (int Code, string Output, string Errors) RunIn(string folder, string program, string input, params string[] arguments) =>
        RunIn(Patience, folder, program, input, arguments);

    /// <summary>The same for a program that may take longer.</summary>
    public static (int Code, string Output, string Errors) RunIn(
        TimeSpan longest, string folder, string program, string input, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        Assert.True(process.WaitForExit(longest), program + " does not end");
        return (process.ExitCode, output.Result, errors.Result);
    }

    /// <summary>Runs statements in the <c>sqlite3</c> shell with the library loaded.</summary>
    public static (int Code, string Output, string Errors) Shell(string sql, params string[] arguments) =>
        Run("sqlite3", $".load {Library}\n{sql}\n", ["-batch", .. arguments]);

    private static string Metadata(string key) => typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .First(attribute => attribute.Key == key).Value!;
}
