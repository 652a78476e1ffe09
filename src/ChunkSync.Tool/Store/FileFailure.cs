using System.Security;

namespace ChunkSync.Tool;

/// <summary>What the file system says, in words.</summary>
internal static class FileFailure
{
    private const int NoSpace = 28;
    private const int ReadOnlySystem = 30;
    private const int Quota = 122;
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    /// <summary>Whether an exception comes from the file system. .NET takes a file's limit of size (EFBIG) for an argument, which it calls "value".</summary>
    public static bool Is(Exception failure) => failure is IOException or UnauthorizedAccessException or SecurityException or NotSupportedException
        or ArgumentOutOfRangeException { ParamName: "value" };

    /// <summary>Its cause in words.</summary>
    public static string Cause(Exception failure) => failure switch
    {
        FileNotFoundException => "there is no such file",
        DirectoryNotFoundException => "the folder does not exist",
        PathTooLongException => "the path is too long",
        UnauthorizedAccessException or SecurityException => "permission denied",
        IOException { HResult: NoSpace or WindowsDiskFull or Quota } => "the disk is full",
        ArgumentOutOfRangeException => "no file may become so large",
        IOException { HResult: ReadOnlySystem } => "the file system is read-only",
        IOException => $"error {failure.HResult & 0xffff} of the operating system ({FirstLine(failure.Message)})",
        _ => "this is not a path",
    };

    /// <summary>It as a failure of a store.</summary>
    /// <param name="path">What it happened to.</param>
    /// <param name="failure">What happened.</param>
    public static ToolException Of(string path, Exception failure) => new(ExitCode.InputOutput, path, Cause(failure));

    private static string FirstLine(string text) => text.Split('\n', 2)[0].TrimEnd('\r', '.');
}
