namespace ChunkSync.Tool;

/// <summary>The commands, in the order of the help.</summary>
internal static class ToolCommands
{
    /// <summary>New ones.</summary>
    public static ToolCommand[] All() =>
    [
        new StatusCommand(),
        new ChunksCommand(),
        new ApplyCommand(),
        new SyncCommand(),
    ];
}
