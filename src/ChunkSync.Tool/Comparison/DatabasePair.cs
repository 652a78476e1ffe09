namespace ChunkSync.Tool;

/// <summary>Two databases on one connection, read-only: the first is <c>main</c>, the second <c>other</c>. One transaction keeps both as they are.</summary>
internal sealed class DatabasePair : IDisposable
{
    private DatabasePair(DatabaseFile file, string other) => (File, Other) = (file, other);

    /// <summary>The connection.</summary>
    public DatabaseFile File { get; }

    /// <summary>The second file's path as it was given.</summary>
    public string Other { get; }

    /// <summary>Opens them.</summary>
    /// <exception cref="ToolException">One is no database, or nothing is tracked there.</exception>
    public static DatabasePair Open(string left, string right, ToolContext context)
    {
        // By itself first, for a failure that names it.
        DatabaseFile.Open(right, context).Dispose();
        DatabaseFile file = DatabaseFile.Open(left, context);
        try
        {
            file.Run("ATTACH ?1 AS other", Path.GetFullPath(right));
            file.Run("BEGIN");
            return new DatabasePair(file, right);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The tables that are tracked in either, by name; those that only one tracks say which.</summary>
    public IReadOnlyList<ComparedTable> Tables()
    {
        Dictionary<string, TrackedTable> left = Tracked("main");
        Dictionary<string, TrackedTable> right = Tracked("other");
        return
        [
            .. left.Keys.Union(right.Keys, StringComparer.OrdinalIgnoreCase).Order(StringComparer.OrdinalIgnoreCase).Select(name =>
                new ComparedTable(this, left.GetValueOrDefault(name), right.GetValueOrDefault(name))),
        ];
    }

    /// <inheritdoc/>
    public void Dispose() => File.Dispose();

    private Dictionary<string, TrackedTable> Tracked(string schema) =>
        TrackedTable.Of(File, schema).ToDictionary(table => table.Name, StringComparer.OrdinalIgnoreCase);
}
