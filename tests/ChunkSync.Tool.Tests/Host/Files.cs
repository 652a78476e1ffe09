namespace ChunkSync.Tool.Tests;

/// <summary>Files as commands open them.</summary>
internal static class Files
{
    /// <summary>Opens one to be written.</summary>
    public static DatabaseFile Open(string path, CancellationToken cancellation = default)
    {
        Terminal terminal = new() { Out = TextWriter.Null, Error = TextWriter.Null, OpenInput = () => Stream.Null, OpenOutput = () => Stream.Null };
        GlobalOptions options = new(IsJson: false, ProgressMode.None, HasColor: false, BusyTimeout: 20_000, IsQuiet: true);
        return DatabaseFile.Open(path, new ToolContext(terminal, options, cancellation), isWritable: true);
    }
}
