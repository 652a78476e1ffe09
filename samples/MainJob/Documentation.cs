using System.Xml;
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
        string[] files = Find();
        Workspace.Run(connection, """
            CREATE TABLE files(path TEXT PRIMARY KEY NOT NULL, bytes INTEGER, text TEXT);
            CREATE TABLE members(id TEXT PRIMARY KEY NOT NULL, file TEXT, kind TEXT, summary TEXT, xml TEXT);
            SELECT cloudsync_init('files'), cloudsync_init('members');
            """);
        List<(string Id, string File, string Kind, string Summary, string Xml)> members = [];
        using (SqliteTransaction transaction = connection.BeginTransaction())
        {
            foreach (string file in files)
            {
                string text = File.ReadAllText(file);
                string name = Path.GetFileNameWithoutExtension(file);
                Workspace.Run(connection, "INSERT INTO files VALUES ($path, $bytes, $text)",
                    ("$path", name), ("$bytes", new FileInfo(file).Length), ("$text", text));
                Read(name, text, members);
            }

            transaction.Commit();
        }

        int half = members.Count / 2;
        Insert(connection, members.GetRange(0, half), half);
        Insert(connection, members.GetRange(half, members.Count - half), SmallTransaction);
        Workspace.Run(connection, "UPDATE members SET summary = upper(summary) WHERE rowid % 10 = 3");
        Workspace.Run(connection, "DELETE FROM members WHERE rowid % 100 = 7");
        return (files.Length, members.Count);
    }

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

    private static void Read(
        string file, string text, List<(string Id, string File, string Kind, string Summary, string Xml)> members)
    {
        using XmlReader reader = XmlReader.Create(new StringReader(text));
        HashSet<string> seen = [];
        while (!reader.EOF)
        {
            if (reader.NodeType != XmlNodeType.Element || reader.Name != "member")
            {
                reader.Read();
                continue;
            }

            string id = reader.GetAttribute("name") ?? "";
            string xml = reader.ReadInnerXml();
            if (seen.Add(id))
            {
                members.Add((file + "|" + id, file, id.Length > 0 ? id[..1] : "", Summary(xml), xml));
            }
        }
    }

    private static string Summary(string xml)
    {
        int start = xml.IndexOf("<summary>", StringComparison.Ordinal);
        int end = xml.IndexOf("</summary>", StringComparison.Ordinal);
        return start < 0 || end < start ? "" : xml[(start + "<summary>".Length)..end];
    }

    /// <summary>The files under packs/Microsoft.NETCore.App.Ref of the SDK that runs this.</summary>
    private static string[] Find()
    {
        string? root = Environment.GetEnvironmentVariable("DOTNET_ROOT");
        DirectoryInfo? runtime = new FileInfo(typeof(object).Assembly.Location).Directory;
        foreach (string? candidate in (string?[])[root, runtime?.Parent?.Parent?.Parent?.FullName])
        {
            string packs = Path.Combine(candidate ?? "", "packs", "Microsoft.NETCore.App.Ref");
            if (candidate != null && Directory.Exists(packs))
            {
                string newest = Directory.GetDirectories(packs).Order(StringComparer.Ordinal).Last();
                return [.. Directory.GetFiles(newest, "*.xml", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
                    .Where(file => file.Contains(Path.DirectorySeparatorChar + "ref" + Path.DirectorySeparatorChar, StringComparison.Ordinal))];
            }
        }

        throw new IOException("no packs/Microsoft.NETCore.App.Ref beside the .NET SDK; set DOTNET_ROOT, or name a database: ./build.sh run my.db");
    }
}
