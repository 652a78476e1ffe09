using Xunit.Abstractions;

namespace ChunkSync.Windows;

/// <summary>The test cases that were found.</summary>
internal sealed class Discovered : IMessageSink
{
    /// <summary>What was found.</summary>
    public List<ITestCase> Cases { get; } = [];

    /// <summary>Set once when a search has ended.</summary>
    public AutoResetEvent IsDone { get; } = new(false);

    /// <inheritdoc/>
    public bool OnMessage(IMessageSinkMessage message)
    {
        if (message is ITestCaseDiscoveryMessage found)
        {
            Cases.Add(found.TestCase);
        }
        else if (message is IDiscoveryCompleteMessage)
        {
            IsDone.Set();
        }

        return true;
    }
}
