using System.Runtime.InteropServices;

namespace ChunkSync.Tool;

/// <summary>The process: its terminal and its signals.</summary>
internal static partial class Program
{
    /// <summary>SIGXFSZ.</summary>
    private const PosixSignal FileSizeExceeded = (PosixSignal)25;

    private static async Task<int> Main(string[] arguments)
    {
        bool[] closed = FindClosedStreams();
        using CancellationTokenSource cancellation = new();

        // The first signal asks the command to end, which leaves nothing half done; the second one ends the process.
        void End(PosixSignalContext signal)
        {
            signal.Cancel = !cancellation.IsCancellationRequested;
            cancellation.Cancel();
        }

        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);

        // A file that reaches the limit of its size is then an error, which has a line and a code, and not the end of the process.
        using PosixSignalRegistration? fileSize = OperatingSystem.IsLinux() ? PosixSignalRegistration.Create(FileSizeExceeded, static signal => signal.Cancel = true) : null;
        return await ToolRunner.RunAsync(arguments, Terminal.OfProcess(closed), cancellation.Token);
    }

    /// <summary>Which standard streams were closed when the process began. Their numbers are taken here where they are free: otherwise the next file or pipe that is opened
    /// gets them, and a result goes there; the signals' own pipe is one.</summary>
    private static bool[] FindClosedStreams()
    {
        const int GetFlags = 1, ClosesOnExec = 1;
        bool[] closed = new bool[3];
        for (int stream = 0; stream < closed.Length && !OperatingSystem.IsWindows(); stream++)
        {
            // What the runtime has opened does not outlive an exec; what was handed over did.
            int flags = Control(stream, GetFlags);
            closed[stream] = flags < 0 || (flags & ClosesOnExec) != 0;
            if (flags < 0)
            {
                _ = OpenFile("/dev/null", 0);
            }
        }

        return closed;
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int file, int command);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);
}
