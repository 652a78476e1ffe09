namespace ChunkSync.Sqlite;

/// <summary>An engine failure: an SQLite result code and the text that the user sees. The boundary turns it into
/// <c>sqlite3_result_error</c> or <c>zErrMsg</c>; it never crosses into SQLite.</summary>
internal sealed class EngineException(int code, string message) : Exception(message)
{
    /// <summary>The SQLite result code, primary or extended.</summary>
    public int Code { get; } = code;

    /// <summary>Whether a row of the user's refused to be written: a constraint, a trigger, a type.</summary>
    public bool IsOfRow { get; init; }
}
