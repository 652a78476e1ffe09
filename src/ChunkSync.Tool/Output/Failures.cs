using ChunkSync.Client;
using Microsoft.Data.Sqlite;

namespace ChunkSync.Tool;

/// <summary>What a failure of the engine, of SQLite, of a file or of the network is for the user.</summary>
internal static class Failures
{
    private const string Again = "try again, or wait longer with --busy-timeout";

    /// <summary>The failure as the user is told; null for a defect of this program.</summary>
    /// <param name="failure">What was thrown.</param>
    /// <param name="cancellation">Whether the user interrupted.</param>
    /// <param name="what">What it is about, where that is known.</param>
    /// <param name="database">The database that it is about if it is about one; null where that is not known.</param>
    public static ToolException? Of(Exception failure, CancellationToken cancellation, string? what = null, string? database = null) => failure switch
    {
        ToolException known => known,
        OperationCanceledException => new ToolException(ExitCode.Interrupted, what ?? "interrupted", "the command was stopped", "run it again"),
        ChunkSyncException { Kind: ChunkSyncErrorKind.Interrupted } when cancellation.IsCancellationRequested =>
            new ToolException(ExitCode.Interrupted, what ?? "interrupted", "the command was stopped", "run it again"),
        ChunkSyncException engine => OfEngine(engine, what, database ?? "database"),
        SqliteException sqlite => new ToolException(ExitCode.Database, what ?? database ?? "database", sqlite.Message),
        InvalidDataException => new ToolException(ExitCode.Refused, what ?? "payload", failure.Message, "get it again from who sent it"),
        UnauthorizedAccessException or IOException => new ToolException(ExitCode.InputOutput, what ?? "file", failure.Message),
        OutOfMemoryException => new ToolException(ExitCode.InputOutput, what ?? "memory", "there is not enough memory"),
        _ => null,
    };

    private static ToolException OfEngine(ChunkSyncException failure, string? what, string database)
    {
        (ExitCode code, string about, string? cure) = failure.Kind switch
        {
            ChunkSyncErrorKind.InvalidArgument => (ExitCode.Usage, "argument", null),
            ChunkSyncErrorKind.InvalidPayload => (ExitCode.Refused, "payload", "get the payload again from who sent it"),
            ChunkSyncErrorKind.UnknownSchema => (ExitCode.Refused, "payload", "give both databases the same schema, or receive an export with apply --receive"),
            ChunkSyncErrorKind.InvalidCursor => (ExitCode.Refused, "cursor",
                failure.SuggestedCursor is ChunkCursor other ? $"go on with --from {other}" : "begin the window again"),
            ChunkSyncErrorKind.RowRefused => (ExitCode.Refused, "row", "change what refuses the row, and apply again"),
            ChunkSyncErrorKind.Busy => (ExitCode.Busy, database, Again),
            ChunkSyncErrorKind.Interrupted => (ExitCode.Interrupted, "interrupted", "run it again"),
            ChunkSyncErrorKind.ReadOnly => (ExitCode.InputOutput, database, "make the file and its folder writable"),
            ChunkSyncErrorKind.Full => (ExitCode.InputOutput, database, "make room on the disk"),
            ChunkSyncErrorKind.OutOfMemory => (ExitCode.InputOutput, "memory", null),
            ChunkSyncErrorKind.InputOutput => (ExitCode.InputOutput, database, null),
            _ => (ExitCode.Database, database, (string?)null),
        };
        return new ToolException(code, what ?? about, Text(failure), cure);
    }

    private static string Text(ChunkSyncException failure) =>
        failure.Message.StartsWith("chunksync: ", StringComparison.Ordinal) ? failure.Message["chunksync: ".Length..] : failure.Message;
}
