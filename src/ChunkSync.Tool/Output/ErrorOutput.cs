namespace ChunkSync.Tool;

/// <summary>Tells a failure.</summary>
internal static class ErrorOutput
{
    /// <summary>Writes the line to standard error and, where JSON was asked for, the object to standard output.</summary>
    /// <returns>The exit code.</returns>
    public static ExitCode Write(Terminal terminal, ToolException error, string? command, bool isJson)
    {
        terminal.Error.WriteLine(error.Line);
        if (isJson)
        {
            try
            {
                terminal.Out.WriteLine(ToolJson.Text(new ErrorResult(command, (int)error.Code, error.What, error.Cause, error.Cure)));
            }
            catch (ToolException)
            {
                // Standard output is what failed, or fails as well: the line has told what was first.
            }
        }

        return error.Code;
    }
}
