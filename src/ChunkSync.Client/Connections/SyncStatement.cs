using System.Text;
using SQLitePCL;

namespace ChunkSync.Client;

/// <summary>A prepared statement of this API.</summary>
internal sealed class SyncStatement : IDisposable
{
    private readonly sqlite3 handle;
    private readonly sqlite3_stmt statement;

    /// <summary>Prepares a statement.</summary>
    /// <param name="handle">The connection.</param>
    /// <param name="sql">The text.</param>
    /// <param name="isOfEngine">Whether it needs the engine.</param>
    /// <exception cref="ChunkSyncException">SQLite refuses it; or the engine is not on the connection.</exception>
    public SyncStatement(sqlite3 handle, string sql, bool isOfEngine = true)
    {
        this.handle = handle;
        int code = raw.sqlite3_prepare_v2(handle, sql, out statement);
        if (code != raw.SQLITE_OK)
        {
            ChunkSyncException failure = ChunkSyncException.Of(handle, code);
            statement?.Dispose();
            throw isOfEngine && code == raw.SQLITE_ERROR && !EngineProbe.IsThere(handle) ? ChunkSyncException.NotLoaded(failure.Message) : failure;
        }
    }

    /// <summary>Whether the last step gave a row.</summary>
    public bool IsAtRow { get; private set; }

    public bool IsOf(sqlite3 other) => ReferenceEquals(handle, other);

    /// <summary>Runs to the next row; false at the end.</summary>
    /// <param name="interruption">What may interrupt it; null for nothing.</param>
    /// <exception cref="ChunkSyncException">It failed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled: what it had begun is undone.</exception>
    public bool Step(Interruption? interruption = null)
    {
        ChunkSyncException.Forget();
        int code = interruption == null ? raw.sqlite3_step(statement) : interruption.Step(handle, statement);
        IsAtRow = code == raw.SQLITE_ROW;
        if (code is raw.SQLITE_ROW or raw.SQLITE_DONE)
        {
            return IsAtRow;
        }

        ChunkSyncException failure = ChunkSyncException.Of(handle, code);
        if (interruption is { Token.IsCancellationRequested: true } && failure.Kind is ChunkSyncErrorKind.Interrupted or ChunkSyncErrorKind.Aborted)
        {
            throw new OperationCanceledException("the call was cancelled; what it had begun is undone", failure, interruption.Token);
        }

        throw failure;
    }

    public void Reset() => raw.sqlite3_reset(statement);

    public void Bind(int index, long? value)
    {
        if (value is long number)
        {
            raw.sqlite3_bind_int64(statement, index, number);
        }
        else
        {
            raw.sqlite3_bind_null(statement, index);
        }
    }

    public void Bind(int index, SiteId? value)
    {
        if (value is not SiteId site)
        {
            raw.sqlite3_bind_null(statement, index);
            return;
        }

        Span<byte> bytes = stackalloc byte[SiteId.Length];
        site.CopyTo(bytes);
        Bind(index, bytes);
    }

    /// <summary>Binds all of a text: as a string it would end at its first NUL.</summary>
    public void Bind(int index, string value) => Check(value.Contains('\0')
        ? raw.sqlite3_bind_text(statement, index, Encoding.UTF8.GetBytes(value))
        : raw.sqlite3_bind_text(statement, index, value));

    /// <summary>Binds bytes, which SQLite copies.</summary>
    public void Bind(int index, ReadOnlySpan<byte> value) => Check(raw.sqlite3_bind_blob(statement, index, value));

    public long Int64(int column) => raw.sqlite3_column_int64(statement, column);

    public bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;

    public string Text(int column) => raw.sqlite3_column_text(statement, column).utf8_to_string() ?? "";

    /// <summary>The bytes of a column, valid until the next step.</summary>
    public ReadOnlySpan<byte> Blob(int column) => raw.sqlite3_column_blob(statement, column);

    public void Dispose() => statement.Dispose();

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            throw ChunkSyncException.Of(handle, code);
        }
    }
}
