using System.Text;
using ChunkSync.Client;
using SQLitePCL;

namespace ChunkSync.Tool;

/// <summary>The row that a statement is at.</summary>
internal sealed class QueryRow(sqlite3_stmt statement)
{
    /// <summary>Whether a value is NULL.</summary>
    public bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;

    /// <summary>A value as an integer; 0 for NULL.</summary>
    public long Number(int column) => raw.sqlite3_column_int64(statement, column);

    /// <summary>A value as an integer; null for NULL.</summary>
    public long? NumberOrNull(int column) => IsNull(column) ? null : Number(column);

    /// <summary>A value as text; null for NULL.</summary>
    public string? Text(int column)
    {
        if (IsNull(column))
        {
            return null;
        }

        // As UTF-8 first; then all of its bytes, NUL characters included.
        _ = raw.sqlite3_column_text(statement, column);
        return Encoding.UTF8.GetString(raw.sqlite3_column_blob(statement, column));
    }

    /// <summary>A value's bytes, valid until the next step.</summary>
    public ReadOnlySpan<byte> Blob(int column) => raw.sqlite3_column_blob(statement, column);

    /// <summary>A value as a site id; null where it is none.</summary>
    public SiteId? Site(int column) => Blob(column) is { Length: SiteId.Length } bytes ? new SiteId(bytes) : null;

    /// <summary>A value as it is: null, long, double, string or byte[].</summary>
    public object? Value(int column) => raw.sqlite3_column_type(statement, column) switch
    {
        raw.SQLITE_INTEGER => Number(column),
        raw.SQLITE_FLOAT => raw.sqlite3_column_double(statement, column),
        raw.SQLITE_TEXT => Text(column),
        raw.SQLITE_BLOB => Blob(column).ToArray(),
        _ => null,
    };
}
