namespace ChunkSync.Client;

/// <summary>What a <see cref="ChunkSyncException"/> is about.</summary>
/// <remarks>With the engine in process it says so itself. Through the native library only what SQLite's code says is known: the kinds from
/// <see cref="InvalidArgument"/> to <see cref="NotTracked"/>, but for <see cref="RowRefused"/>, are <see cref="Other"/> or <see cref="Misuse"/> there.</remarks>
public enum ChunkSyncErrorKind
{
    /// <summary>None of the others: the message says it.</summary>
    Other,

    /// <summary>The engine could not be loaded.</summary>
    LoadFailed,

    /// <summary>The engine is not on this connection: call LoadChunkSync.</summary>
    NotLoaded,

    /// <summary>An argument, or a value of a window, cannot be taken.</summary>
    InvalidArgument,

    /// <summary>The payload is not what was sent: damaged, cut off, or no payload. Nothing has changed.</summary>
    InvalidPayload,

    /// <summary>The payload is of a schema that this database never had. Nothing has changed.</summary>
    UnknownSchema,

    /// <summary>The stream cannot be resumed there; <see cref="ChunkSyncException.SuggestedCursor"/> says where.</summary>
    InvalidCursor,

    /// <summary>A row was refused by its table: a constraint, a trigger, a type.</summary>
    RowRefused,

    /// <summary>The table cannot be tracked as it is.</summary>
    TableNotTrackable,

    /// <summary>The database or the table is not tracked: call Track.</summary>
    NotTracked,

    /// <summary>The call does not fit what came before it.</summary>
    Misuse,

    /// <summary>What is stored is damaged.</summary>
    Damaged,

    /// <summary>Somebody else has the database locked. Try again.</summary>
    Busy,

    /// <summary>The call was interrupted by somebody else than its cancellation token.</summary>
    Interrupted,

    /// <summary>Something else came in between. Try again.</summary>
    Aborted,

    /// <summary>The database cannot be written.</summary>
    ReadOnly,

    /// <summary>There is no room left.</summary>
    Full,

    /// <summary>There is no memory left, or a value is too long for SQLite.</summary>
    OutOfMemory,

    /// <summary>Reading or writing the file failed.</summary>
    InputOutput,
}
