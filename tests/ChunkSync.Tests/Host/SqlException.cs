namespace ChunkSync.Tests.Host;

/// <summary>An SQL statement of a test failed.</summary>
public sealed class SqlException(int code, string message) : Exception($"{message} (code {code})")
{
    /// <summary>The primary SQLite result code.</summary>
    public int Code { get; } = code;

    /// <summary>SQLite's text alone.</summary>
    public string Text { get; } = message;
}
