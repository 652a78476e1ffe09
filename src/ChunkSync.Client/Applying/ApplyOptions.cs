namespace ChunkSync.Client;

/// <summary>How a payload is applied.</summary>
public sealed record ApplyOptions
{
    /// <summary>The defaults.</summary>
    public static ApplyOptions Default { get; } = new();

    /// <summary>Whether the settings <c>check_dbversion</c> and <c>check_seq</c> move to the payload's last change. They fit one sender: with several of
    /// them keep your own numbers.</summary>
    public bool MoveCheckpoint { get; init; } = true;

    /// <summary>Whether <see cref="ApplyResult.Applied"/> lists the rows that changed, for those who show them.</summary>
    public bool ListApplied { get; init; }
}
