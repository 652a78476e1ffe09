using Microsoft.Data.Sqlite;

namespace ChunkSync.Samples.MainJob;

/// <summary>The API documentation in tables with constraints, in three versions: as one program has it, as another has it that wants no notes in
/// summaries, and in version 2 of the schema, with a column more and another order.</summary>
internal static class ConstrainedDocumentation
{
    /// <summary>What the CHECK of one copy refuses in a summary.</summary>
    public const string Note = "TODO";

    private const string Files = "CREATE TABLE files(path TEXT PRIMARY KEY NOT NULL, bytes INTEGER);";

    private const string Track = "SELECT cloudsync_init('files'), cloudsync_init('members')";

    /// <summary>Version 1; a CHECK on the summary or none.</summary>
    public static void Create(SqliteConnection connection, bool withCheck) => Sql.Run(connection, Files + $"""
        CREATE TABLE members(id TEXT PRIMARY KEY NOT NULL, file TEXT REFERENCES files(path), name TEXT NOT NULL DEFAULT '', kind TEXT,
          summary TEXT{(withCheck ? $" CHECK (summary NOT LIKE '{Note}%')" : "")}, UNIQUE(file, name));
        {Track}
        """);

    /// <summary>Version 2.</summary>
    public static void CreateNext(SqliteConnection connection) => Sql.Run(connection, $"""
        CREATE TABLE members(id TEXT PRIMARY KEY NOT NULL, summary TEXT, stars INTEGER NOT NULL DEFAULT 0, kind TEXT, name TEXT NOT NULL DEFAULT '',
          file TEXT REFERENCES files(path), UNIQUE(file, name));
        {Files}
        {Track}
        """);

    /// <summary>What makes version 2 of version 1.</summary>
    public static string[] Upgrade { get; } =
    [
        "SELECT cloudsync_begin_alter('members')", "ALTER TABLE members ADD COLUMN stars INTEGER NOT NULL DEFAULT 0", "SELECT cloudsync_commit_alter('members')",
    ];

    /// <summary>Imports the documentation.</summary>
    /// <param name="most">At most so many members.</param>
    public static void Import(SqliteConnection connection, int most)
    {
        using SqliteTransaction transaction = connection.BeginTransaction();
        using SqliteCommand insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO members(id, file, name, kind, summary) VALUES ($id, $file, $name, $kind, $summary)";
        SqliteParameter[] parameters =
            [.. ((string[])["$id", "$file", "$name", "$kind", "$summary"]).Select(name => insert.Parameters.Add(name, SqliteType.Text))];
        int left = most;
        foreach (string file in DocumentationFiles.Find())
        {
            List<(string Id, string File, string Kind, string Summary, string Xml)> members = [];
            string path = Path.GetFileNameWithoutExtension(file);
            DocumentationFiles.Read(path, File.ReadAllText(file), members);
            Sql.Run(connection, "INSERT INTO files VALUES ($path, $bytes)", ("$path", path), ("$bytes", new FileInfo(file).Length));
            foreach ((string id, _, string kind, string summary, _) in members.Take(left))
            {
                (parameters[0].Value, parameters[1].Value, parameters[2].Value) = (id, path, id[(path.Length + 1)..]);
                (parameters[3].Value, parameters[4].Value) = (kind, summary);
                insert.ExecuteNonQuery();
            }

            left -= Math.Min(left, members.Count);
        }

        transaction.Commit();
    }
}
