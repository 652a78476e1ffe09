using Microsoft.Data.Sqlite;

namespace ChunkSync.Samples.MainJob;

/// <summary>Short ways to run statements.</summary>
internal static class Sql
{
    /// <summary>Runs a statement; its parameters are bound where the text has them.</summary>
    public static void Run(SqliteConnection connection, string sql, params (string Name, object? Value)[] parameters)
    {
        using SqliteCommand command = Command(connection, sql, parameters);
        command.ExecuteNonQuery();
    }

    /// <summary>All rows; NULL is null.</summary>
    public static List<object?[]> Rows(SqliteConnection connection, string sql, params (string Name, object? Value)[] parameters)
    {
        using SqliteCommand command = Command(connection, sql, parameters);
        using SqliteDataReader reader = command.ExecuteReader();
        List<object?[]> rows = [];
        while (reader.Read())
        {
            object?[] row = new object?[reader.FieldCount];
            for (int i = 0; i < row.Length; i++)
            {
                row[i] = reader.IsDBNull(i) ? null : reader.GetValue(i);
            }

            rows.Add(row);
        }

        return rows;
    }

    /// <summary>The first column of all rows as text.</summary>
    public static List<string> Names(SqliteConnection connection, string sql, params (string Name, object? Value)[] parameters) =>
        [.. Rows(connection, sql, parameters).Select(row => row[0]?.ToString() ?? "")];

    /// <summary>The first column of the first row; 0 where there is none or it is NULL.</summary>
    public static long Number(SqliteConnection connection, string sql, params (string Name, object? Value)[] parameters) =>
        Rows(connection, sql, parameters) is [[long number, ..], ..] ? number : 0;

    /// <summary>A name as SQL takes it.</summary>
    public static string Quote(string name) => "\"" + name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    /// <summary>Names as SQL takes them, separated by commas.</summary>
    public static string List(IEnumerable<string> names) => string.Join(", ", names.Select(Quote));

    /// <summary>A statement with its parameters bound.</summary>
    public static SqliteCommand Command(SqliteConnection connection, string sql, params (string Name, object? Value)[] parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object? value) in parameters)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return command;
    }
}
