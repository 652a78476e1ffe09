namespace ChunkSync.Tool;

/// <summary>The commands, in the order of the help.</summary>
internal static class ToolCommands
{
    /// <summary>New ones.</summary>
    public static ToolCommand[] All() =>
    [
        new InitCommand(),
        new StatusCommand(),
        new InspectCommand(),
        new PlanCommand(),
        new ChunksCommand(),
        new ApplyCommand(),
        new SyncCommand(),
        new VerifyCommand(),
        new DiffCommand(),
        new DumpCommand(),
        new DoctorCommand(),
        new ReportCommand(),
        new CompletionCommand(),
    ];
}
