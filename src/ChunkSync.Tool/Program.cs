using System.Runtime.InteropServices;

namespace ChunkSync.Tool;

/// <summary>The process: its terminal and its signals.</summary>
internal static class Program
{
    /// <summary>SIGXFSZ.</summary>
    private const PosixSignal FileSizeExceeded = (PosixSignal)25;

    private static async Task<int> Main(string[] arguments)
    {
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
        return await ToolRunner.RunAsync(arguments, Terminal.OfProcess(), cancellation.Token);
    }
}
