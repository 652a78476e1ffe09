using System.Xml;

namespace ChunkSync.Samples.MainJob;

/// <summary>The XML files with the documentation of the framework's API, and the members in them.</summary>
internal static class DocumentationFiles
{
    /// <summary>Adds the members that a file documents.</summary>
    public static void Read(
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
    public static string[] Find()
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
