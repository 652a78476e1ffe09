namespace ChunkSync.Tool;

/// <summary>The values of the options that every command has.</summary>
/// <param name="IsJson">Whether standard output is JSON.</param>
/// <param name="Progress">How progress is shown.</param>
/// <param name="HasColor">Whether colours are shown on a terminal.</param>
/// <param name="BusyTimeout">How long a call waits for whoever has the database locked, in milliseconds.</param>
/// <param name="IsQuiet">Whether standard error has nothing but failures.</param>
internal sealed record GlobalOptions(bool IsJson, ProgressMode Progress, bool HasColor, int BusyTimeout, bool IsQuiet);
