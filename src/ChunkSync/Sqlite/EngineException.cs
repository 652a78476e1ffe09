namespace ChunkSync.Sqlite;

/// <summary>An engine failure: an SQLite result code and the text that the user sees. The boundary turns it into
/// <c>sqlite3_result_error</c> or <c>zErrMsg</c>; it never crosses into SQLite.</summary>
internal sealed class EngineException(int code, string message) : Exception(message)
{
    /// <summary>The SQLite result code, primary or extended.</summary>
    public int Code { get; } = code;

    /// <summary>Whether a row of the user's refused to be written: a constraint, a trigger, a type.</summary>
    public bool IsOfRow { get; init; }

    /// <summary>What it is about; <see cref="FailureKind.ByCode"/> where nobody said.</summary>
    public FailureKind Kind { get; private set; }

    /// <summary>The table that it is about; null where there is none, or it is only in the text.</summary>
    public string? Table { get; init; }

    /// <summary>The row's key for people; null where it is about no row.</summary>
    public string? Key { get; init; }

    /// <summary>Where to resume instead: db_version, seq and offset.</summary>
    public (long DbVersion, long Seq, long Offset)? Cursor { get; init; }

    /// <summary>The same failure, with what it is about.</summary>
    public EngineException As(FailureKind kind)
    {
        Kind = kind;
        return this;
    }
}
