using System.Runtime.InteropServices;

namespace ChunkSync.Tool;

/// <summary>The process: its terminal and its signals.</summary>
internal static class Program
{
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
        return await ToolRunner.RunAsync(arguments, Terminal.OfProcess(), cancellation.Token);
    }
}
