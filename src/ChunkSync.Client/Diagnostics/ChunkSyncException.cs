using ChunkSync.Sqlite;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ChunkSync.Client;

/// <summary>A failure of the engine, or of SQLite in a call of this API. Its codes are SQLite's.</summary>
public sealed class ChunkSyncException : SqliteException
{
    private ChunkSyncException(string message, int code, int extendedCode, ChunkSyncErrorKind kind)
        : base(message, code, extendedCode) => Kind = kind;

    /// <summary>What it is about.</summary>
    public ChunkSyncErrorKind Kind { get; }

    /// <summary>The table that it is about; null where that is not known, or only in the message.</summary>
    public string? Table { get; private init; }

    /// <summary>The key of the row that it is about, for people; null where it is about no row.</summary>
    public string? Key { get; private init; }

    /// <summary>Where to resume instead; only with <see cref="ChunkSyncErrorKind.InvalidCursor"/>.</summary>
    public ChunkCursor? SuggestedCursor { get; private init; }

    /// <summary>Forgets what the engine said before on this thread.</summary>
    internal static void Forget() => _ = FailureNote.Take();

    /// <summary>The failure that a connection reports.</summary>
    /// <param name="handle">The connection.</param>
    /// <param name="code">What the call gave.</param>
    internal static ChunkSyncException Of(sqlite3 handle, int code)
    {
        int extended = raw.sqlite3_extended_errcode(handle);
        extended = (extended & 0xff) == (code & 0xff) ? extended : code;
        string message = raw.sqlite3_errmsg(handle).utf8_to_string() ?? "";

        // What the engine noted belongs to this failure only if SQLite passed its text on.
        EngineException? note = FailureNote.Take();
        if (note == null || !IsSame(note.Message, message))
        {
            return new ChunkSyncException(message, extended & 0xff, extended, KindOf(extended));
        }

        return new ChunkSyncException(message, extended & 0xff, extended, KindOf(note.Kind, extended))
        {
            Table = note.Table,
            Key = note.Key,
            SuggestedCursor = note.Cursor is (long version, long seq, long offset) ? new ChunkCursor(version, seq, offset) : null,
        };
    }

    internal static ChunkSyncException NotLoaded(string message) => new(
        message + ": ChunkSync is not on this connection, call LoadChunkSync() first", raw.SQLITE_ERROR, raw.SQLITE_ERROR, ChunkSyncErrorKind.NotLoaded);

    internal static ChunkSyncException LoadFailed(string message) =>
        new(message, raw.SQLITE_ERROR, raw.SQLITE_ERROR, ChunkSyncErrorKind.LoadFailed);

    /// <summary>A load that failed, by what the engine noted: it can be the database's fault.</summary>
    /// <param name="message">What it said.</param>
    internal static ChunkSyncException LoadFailedHere(string message)
    {
        int code = FailureNote.Take()?.Code ?? raw.SQLITE_ERROR;
        ChunkSyncErrorKind kind = KindOf(code);
        bool isOfDatabase = kind is ChunkSyncErrorKind.Damaged or ChunkSyncErrorKind.InputOutput or ChunkSyncErrorKind.OutOfMemory or ChunkSyncErrorKind.Full;
        return new ChunkSyncException(message, code & 0xff, code, isOfDatabase ? kind : ChunkSyncErrorKind.LoadFailed);
    }

    /// <summary>Whether SQLite passed a text on: it ends it at the first NUL, which keys can have.</summary>
    private static bool IsSame(string noted, string message) =>
        noted == message || (noted.Length > message.Length && noted[message.Length] == '\0' && noted.StartsWith(message, StringComparison.Ordinal));

    private static ChunkSyncErrorKind KindOf(FailureKind kind, int code) => kind switch
    {
        FailureKind.Argument => ChunkSyncErrorKind.InvalidArgument,
        FailureKind.Payload => ChunkSyncErrorKind.InvalidPayload,
        FailureKind.Schema => ChunkSyncErrorKind.UnknownSchema,
        FailureKind.Cursor => ChunkSyncErrorKind.InvalidCursor,
        FailureKind.Row => ChunkSyncErrorKind.RowRefused,
        FailureKind.Table => ChunkSyncErrorKind.TableNotTrackable,
        FailureKind.NotTracked => ChunkSyncErrorKind.NotTracked,
        _ => KindOf(code),
    };

    /// <summary>What a code of SQLite says.</summary>
    internal static ChunkSyncErrorKind KindOf(int code) => (code & 0xff) switch
    {
        raw.SQLITE_CONSTRAINT or raw.SQLITE_MISMATCH => ChunkSyncErrorKind.RowRefused,
        raw.SQLITE_MISUSE => ChunkSyncErrorKind.Misuse,
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => ChunkSyncErrorKind.Damaged,
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => ChunkSyncErrorKind.Busy,
        raw.SQLITE_INTERRUPT => ChunkSyncErrorKind.Interrupted,
        raw.SQLITE_ABORT => ChunkSyncErrorKind.Aborted,
        raw.SQLITE_READONLY or raw.SQLITE_PERM => ChunkSyncErrorKind.ReadOnly,
        raw.SQLITE_FULL => ChunkSyncErrorKind.Full,
        raw.SQLITE_NOMEM or raw.SQLITE_TOOBIG => ChunkSyncErrorKind.OutOfMemory,
        raw.SQLITE_IOERR or raw.SQLITE_CANTOPEN => ChunkSyncErrorKind.InputOutput,
        _ => ChunkSyncErrorKind.Other,
    };
}
