namespace ChunkSync.Sqlite;

/// <summary>What an <see cref="EngineException"/> is about, for hosts in the same process: SQLite's codes are few, and a text is for people.</summary>
internal enum FailureKind
{
    /// <summary>What the SQLite code says.</summary>
    ByCode,

    /// <summary>An argument of a function, or an input of a table.</summary>
    Argument,

    /// <summary>A payload that is not what was sent.</summary>
    Payload,

    /// <summary>A payload of a schema that this database never had.</summary>
    Schema,

    /// <summary>A position at which nothing can be resumed.</summary>
    Cursor,

    /// <summary>A row that its table refuses.</summary>
    Row,

    /// <summary>A table that cannot be tracked as it is.</summary>
    Table,

    /// <summary>A database or a table that is not tracked.</summary>
    NotTracked,
}
