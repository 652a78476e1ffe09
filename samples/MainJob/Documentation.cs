using Microsoft.Data.Sqlite;

namespace ChunkSync.Samples.MainJob;

/// <summary>Real input that every machine with a .NET SDK has: the XML documentation of the framework's API.</summary>
internal static class Documentation
{
    private const int SmallTransaction = 25;

    /// <summary>Imports all files and members; the second half of the members in small transactions, and then some are updated
    /// and deleted.</summary>
    public static (int Files, int Members) Import(SqliteConnection connection)
    {
        Create(connection);
        return Fill(connection);
    }

    /// <summary>The same into tables that are there, tracked or not.</summary>
    public static (int Files, int Members) Fill(SqliteConnection connection)
    {
        string[] files = DocumentationFiles.Find();
        List<(string Id, string File, string Kind, string Summary, string Xml)> members = [];
        using (SqliteTransaction transaction = connection.BeginTransaction())
        {
            foreach (string file in files)
            {
                string text = File.ReadAllText(file);
                string name = Path.GetFileNameWithoutExtension(file);
                Sql.Run(connection, "INSERT INTO files VALUES ($path, $bytes, $text)",
                    ("$path", name), ("$bytes", new FileInfo(file).Length), ("$text", text));
                DocumentationFiles.Read(name, text, members);
            }

            transaction.Commit();
        }

        int half = members.Count / 2;
        Insert(connection, members.GetRange(0, half), half);
        Insert(connection, members.GetRange(half, members.Count - half), SmallTransaction);
        Sql.Run(connection, "UPDATE members SET summary = upper(summary) WHERE rowid % 10 = 3");
        Sql.Run(connection, "DELETE FROM members WHERE rowid % 100 = 7");
        return (files.Length, members.Count);
    }

    /// <summary>The tables, tracked.</summary>
    public static void Create(SqliteConnection connection)
    {
        CreateTables(connection);
        Sql.Run(connection, "SELECT cloudsync_init('files'), cloudsync_init('members')");
    }

    /// <summary>The tables as any program has them.</summary>
    public static void CreateTables(SqliteConnection connection) => Sql.Run(connection, """
        CREATE TABLE files(path TEXT PRIMARY KEY NOT NULL, bytes INTEGER, text TEXT);
        CREATE TABLE members(id TEXT PRIMARY KEY NOT NULL, file TEXT, kind TEXT, summary TEXT, xml TEXT);
        """);

    private static void Insert(
        SqliteConnection connection, List<(string Id, string File, string Kind, string Summary, string Xml)> members, int perTransaction)
    {
        using SqliteCommand insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO members VALUES ($id, $file, $kind, $summary, $xml)";
        SqliteParameter[] parameters =
            [.. ((string[])["$id", "$file", "$kind", "$summary", "$xml"]).Select(name => insert.Parameters.Add(name, SqliteType.Text))];
        for (int start = 0; start < members.Count; start += perTransaction)
        {
            using SqliteTransaction transaction = connection.BeginTransaction();
            insert.Transaction = transaction;
            foreach ((string id, string file, string kind, string summary, string xml) in members.Skip(start).Take(perTransaction))
            {
                (parameters[0].Value, parameters[1].Value, parameters[2].Value) = (id, file, kind);
                (parameters[3].Value, parameters[4].Value) = (summary, xml);
                insert.ExecuteNonQuery();
            }

            transaction.Commit();
        }
    }
}
