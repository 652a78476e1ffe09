using System.Diagnostics;

namespace ChunkSync.Tool.Tests;

/// <summary>A file system of its own in a folder, where the tests may mount one (as root, on Linux).</summary>
internal static class SmallDisk
{
    /// <summary>Mounts one; false where that is not allowed.</summary>
    public static bool TryMount(string folder, int kilobytes) => Run("mount", "-t", "tmpfs", "-o", $"size={kilobytes}k", "tmpfs", folder);

    /// <summary>Changes it.</summary>
    public static void Remount(string folder, string option) => Assert.True(Run("mount", "-o", "remount," + option, folder));

    /// <summary>Takes it away.</summary>
    public static void Unmount(string folder) => Assert.True(Run("umount", folder));

    private static bool Run(string program, params string[] arguments)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return false;
        }

        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
