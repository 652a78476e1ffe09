using System.Text;
using SQLitePCL;

namespace ChunkSync.Tool;

/// <summary>A statement that is run once.</summary>
internal sealed class Query : IDisposable
{
    private readonly DatabaseFile file;
    private readonly sqlite3_stmt statement;

    /// <summary>Prepares and binds it.</summary>
    /// <param name="file">The database.</param>
    /// <param name="sql">The text.</param>
    /// <param name="values">null, long, double, string or byte[].</param>
    /// <exception cref="ToolException">SQLite refuses it.</exception>
    public Query(DatabaseFile file, string sql, params object?[] values)
    {
        this.file = file;
        Check(raw.sqlite3_prepare_v2(file.Handle, sql, out statement));
        Row = new QueryRow(statement);
        for (int i = 0; i < values.Length; i++)
        {
            Check(values[i] switch
            {
                null => raw.sqlite3_bind_null(statement, i + 1),
                long number => raw.sqlite3_bind_int64(statement, i + 1, number),
                int number => raw.sqlite3_bind_int64(statement, i + 1, number),
                double number => raw.sqlite3_bind_double(statement, i + 1, number),
                // As a string it would end at its first NUL.
                string text when text.Contains('\0') => raw.sqlite3_bind_text(statement, i + 1, Encoding.UTF8.GetBytes(text)),
                string text => raw.sqlite3_bind_text(statement, i + 1, text),
                byte[] bytes => raw.sqlite3_bind_blob(statement, i + 1, bytes),
                object other => throw new ArgumentException($"a {other.GetType()} cannot be bound", nameof(values)),
            });
        }
    }

    /// <summary>The row that it is at.</summary>
    public QueryRow Row { get; }

    /// <summary>Goes to the next row; false at the end.</summary>
    /// <exception cref="ToolException">It fails.</exception>
    public bool Step()
    {
        file.Context.Cancellation.ThrowIfCancellationRequested();
        int code = raw.sqlite3_step(statement);
        if (code is raw.SQLITE_ROW or raw.SQLITE_DONE)
        {
            return code == raw.SQLITE_ROW;
        }

        throw file.Failure(code);
    }

    /// <inheritdoc/>
    public void Dispose() => statement.Dispose();

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            throw file.Failure(code);
        }
    }
}
