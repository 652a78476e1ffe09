namespace ChunkSync.Tool.Tests;

/// <summary>What a run in this process gets.</summary>
internal sealed record ToolInput
{
    /// <summary>Standard input.</summary>
    public byte[] Bytes { get; init; } = [];

    /// <summary>Whether standard output is a terminal.</summary>
    public bool IsOutputTerminal { get; init; }

    /// <summary>Whether standard error is a terminal.</summary>
    public bool IsErrorTerminal { get; init; }

    /// <summary>Interrupts the run.</summary>
    public CancellationToken Cancellation { get; init; }
}
