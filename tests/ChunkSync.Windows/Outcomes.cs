using Xunit.Abstractions;

namespace ChunkSync.Windows;

/// <summary>Counts tests and prints what fails; and when each begins and ends, so that one which never does is known.</summary>
internal sealed class Outcomes : IMessageSink
{
    private readonly Lock gate = new();

    /// <summary>Tests that passed.</summary>
    public int Passed { get; private set; }

    /// <summary>Tests that failed, and failures outside of tests.</summary>
    public int Failed { get; private set; }

    /// <summary>Tests that were left out.</summary>
    public int Skipped { get; private set; }

    /// <summary>Set when all have run.</summary>
    public ManualResetEventSlim IsDone { get; } = new();

    /// <inheritdoc/>
    public bool OnMessage(IMessageSinkMessage message)
    {
        lock (gate)
        {
            switch (message)
            {
                case ITestStarting starting:
                    Console.WriteLine($"[BEGIN] {starting.Test.DisplayName}");
                    break;
                case ITestFinished finished:
                    Console.WriteLine($"[END] {finished.Test.DisplayName}");
                    break;
                case ITestPassed:
                    Passed++;
                    break;
                case ITestSkipped:
                    Skipped++;
                    break;
                case ITestFailed failed:
                    Failed++;
                    Console.WriteLine($"[FAIL] {failed.Test.DisplayName}\n{string.Join("\n", failed.Messages)}\n{string.Join("\n", failed.StackTraces)}\n{failed.Output}");
                    break;
                case ITestCleanupFailure or ITestClassCleanupFailure or ITestCaseCleanupFailure or ITestMethodCleanupFailure or ITestCollectionCleanupFailure
                    or ITestAssemblyCleanupFailure or IErrorMessage:
                    Failed++;
                    Console.WriteLine($"[FAIL] outside of a test\n{string.Join("\n", ((IFailureInformation)message).Messages)}");
                    break;
                case ITestAssemblyFinished:
                    IsDone.Set();
                    break;
                default:
                    return true;
            }
        }

        return true;
    }
}
