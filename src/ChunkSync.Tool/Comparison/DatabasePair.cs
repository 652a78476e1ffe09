namespace ChunkSync.Tool;

/// <summary>Two databases on one connection, read-only: the first is <c>main</c>, the second <c>other</c>. One transaction keeps both as they are.</summary>
internal sealed class DatabasePair : IDisposable
{
    /// <summary>The SQL function that counts rows while they are compared.</summary>
    public const string Seen = "chunksync_seen";

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
        string there;
        using (DatabaseFile other = DatabaseFile.Open(right, context))
        {
            there = Encoding(other);
        }

        DatabaseFile file = DatabaseFile.Open(left, context);
        try
        {
            string here = Encoding(file);
            if (here != there)
            {
                throw new ToolException(ExitCode.Database, right, $"its text is {there}, that of {left} {here}, and SQLite opens only one encoding at a time",
                    "compare it with a copy that a dump of the sqlite3 shell makes");
            }

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

    /// <summary>Compares tables in turn, and shows how far that is.</summary>
    /// <param name="tables">The tables.</param>
    /// <param name="compare">Compares one; what it gets counts the rows, and is null where nobody wants to know.</param>
    public async Task<T[]> CompareAsync<T>(IReadOnlyList<ComparedTable> tables, Func<ComparedTable, RowProgress?, T> compare)
    {
        if (!File.Context.Progress.IsShown)
        {
            return [.. tables.Select(table => compare(table, null))];
        }

        return await File.Context.Progress.RunRowsAsync("comparing", show =>
        {
            RowProgress seen = new(show) { Total = tables.Sum(table => table.Work) };
            File.Define(Seen, () => seen.Add());
            T[] answers = [.. tables.Select(table => compare(table, seen))];
            seen.Finish();
            return Task.FromResult(answers);
        });
    }

    /// <inheritdoc/>
    public void Dispose() => File.Dispose();

    private static string Encoding(DatabaseFile file) => file.Text("PRAGMA encoding") ?? "";

    private Dictionary<string, TrackedTable> Tracked(string schema) =>
        TrackedTable.Of(File, schema).ToDictionary(table => table.Name, StringComparer.OrdinalIgnoreCase);
}
