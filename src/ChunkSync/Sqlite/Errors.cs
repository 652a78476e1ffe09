namespace ChunkSync.Sqlite;

/// <summary>The failures of the engine by situation: each has its result code here, and each text that stands before many is written once.
/// Failures of SQLite itself come from <see cref="Connection.Failure(int, string)"/>, which knows the statement; those of payloads and of
/// lookups of tables stand with what is looked at.</summary>
internal static class Errors
{
    /// <summary>What was asked for is refused, and nothing has changed.</summary>
    public static EngineException Refused(string text) => new(ResultCode.Error, text);

    /// <summary>An argument of a function, or an input of a table, cannot be taken.</summary>
    /// <param name="function">The function or table.</param>
    /// <param name="what">The argument, its value, and what it must be.</param>
    public static EngineException BadArgument(string function, string what) =>
        new EngineException(ResultCode.Error, function + ": " + what).As(FailureKind.Argument);

    /// <summary>A name, an expression or an option has a NUL character. SQLite ends a message at one: it is shown as \0.</summary>
    public static EngineException NulInName(ReadOnlySpan<byte> text)
    {
        const int Shown = 40;
        string shown = System.Text.Encoding.UTF8.GetString(text[..Math.Min(text.Length, Shown)]).Replace("\0", "\\0", StringComparison.Ordinal);
        return new EngineException(
            ResultCode.Error, $"'{shown}{(text.Length > Shown ? "…" : "")}' has a NUL character, shown as \\0: no name, expression or option can have one").As(FailureKind.Argument);
    }

    /// <summary>A statement writes to a column of a table of ours that does not exist, or asks for it.</summary>
    /// <param name="table">The table.</param>
    /// <param name="column">The column's number.</param>
    public static EngineException NoColumn(string table, int column) => new(ResultCode.Error, $"{table} has no column {column}");

    /// <summary>A tracked table is not there; its clocks are.</summary>
    public static EngineException TableGone(string table, string clockTable) =>
        Refused($"table {table} is gone, but its sync metadata {clockTable} is still there; call SELECT cloudsync_cleanup('{table}')");

    /// <summary>The call does not fit what came before it.</summary>
    public static EngineException Misuse(string text) => new(ResultCode.Misuse, text);

    /// <summary>What is stored cannot be.</summary>
    public static EngineException Corrupt(string text) => new(ResultCode.Corrupt, text);

    /// <summary>A row of a metadata table cannot be.</summary>
    /// <param name="table">The metadata table.</param>
    /// <param name="what">What is wrong, and what helps.</param>
    public static EngineException CorruptRow(string table, string what) => Corrupt($"corrupt row in {table}: {what}");

    /// <summary>A clock row cannot be.</summary>
    /// <param name="clockTable">The clock table.</param>
    /// <param name="what">What is wrong, from the name of the table on.</param>
    public static EngineException CorruptClock(string clockTable, string what) => Corrupt($"corrupt clock row in {clockTable}{what}");

    /// <summary>Something is missing of a table's metadata.</summary>
    /// <param name="table">The tracked table.</param>
    /// <param name="what">What is missing, and what helps.</param>
    public static EngineException Damaged(string table, string what) => Corrupt(DamagedText(table, what));

    /// <summary>The text of <see cref="Damaged"/>.</summary>
    public static string DamagedText(string table, string what) => $"sync metadata of table {table} is damaged: {what}";

    /// <summary>Something else came in between: the same call may succeed.</summary>
    public static EngineException Aborted(string text) => new(ResultCode.Abort, text);

    /// <summary>The table takes no such write.</summary>
    public static EngineException ReadOnly(string table) => new(ResultCode.ReadOnly, table + " may not be modified");

    /// <summary>There is no room left for what would have to be stored.</summary>
    public static EngineException Full(string text) => new(ResultCode.Full, text);

    /// <summary>The failure of a statement that may leave rows without their clocks behind, as an error after which SQLite rolls the whole
    /// transaction back.</summary>
    public static EngineException RollsBack(EngineException failure) => Full(failure.Message);

    /// <summary>The same failure, with more in its text.</summary>
    /// <param name="failure">What happened.</param>
    /// <param name="text">What is put behind its text.</param>
    public static EngineException With(this EngineException failure, string text) => new EngineException(failure.Code, failure.Message + text)
    {
        IsOfRow = failure.IsOfRow,
        Table = failure.Table,
        Key = failure.Key,
        Cursor = failure.Cursor,
    }.As(failure.Kind);
}
