using System.Text.RegularExpressions;

namespace ChunkSync.Tests.Architecture;

/// <summary>What the architecture tests look at in one C# file, by its text. The text is formatted: <c>dotnet format</c> is part of the tests, and so a
/// member of a type begins at four spaces and its body ends with a brace at four spaces.</summary>
internal sealed partial class SourceFile
{
    private readonly string text;
    private readonly string[] lines;

    /// <summary>Reads a text.</summary>
    /// <param name="path">Its path inside the folder that is looked at, with slashes.</param>
    /// <param name="text">The text.</param>
    public SourceFile(string path, string text)
    {
        Path = path;
        this.text = text;
        lines = text.Split('\n');
        Usings = [.. Using().Matches(text).Select(match => match.Groups[1].Value)];
        Namespace = NamespaceLine().Match(text).Groups[1].Value;
        Types = [.. TypeLine().Matches(text).Select(match => match.Groups[1].Value)];
    }

    public string Path { get; }

    /// <summary>The path without the file's name; empty at the top.</summary>
    public string Folder => Path.Contains('/', StringComparison.Ordinal) ? Path[..Path.LastIndexOf('/')] : "";

    public string Namespace { get; }

    /// <summary>The namespaces that it imports.</summary>
    public IReadOnlyList<string> Usings { get; }

    /// <summary>The types that it declares, without those inside of others.</summary>
    public IReadOnlyList<string> Types { get; }

    public int LineCount => lines.Length - (lines[^1].Length == 0 ? 1 : 0);

    /// <summary>All C# files below a folder, without what builds make.</summary>
    public static IReadOnlyList<SourceFile> Below(string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Select(file => (File: file, Path: System.IO.Path.GetRelativePath(folder, file).Replace('\\', '/')))
            .Where(entry => !entry.Path.Split('/').Any(part => part is "bin" or "obj"))
            .OrderBy(entry => entry.Path, StringComparer.Ordinal)
            .Select(entry => new SourceFile(entry.Path, File.ReadAllText(entry.File))),
    ];

    /// <summary>Whether the code, not merely a comment, has a name.</summary>
    public bool Has(string name) => lines.Any(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal)
        && Regex.IsMatch(line, $@"\b{name}\b"));

    /// <summary>The same file with a longer path.</summary>
    public SourceFile Under(string prefix) => new(prefix + Path, text);

    /// <summary>The same file with another path, without folders of its own.</summary>
    public SourceFile Directly(string prefix) => new(prefix + System.IO.Path.GetFileName(Path), text);

    /// <summary>The functions, from the first line of the header to the last one of the body; those of nested types, too. Comments above do not
    /// count.</summary>
    public IEnumerable<(string Name, int Lines)> Functions()
    {
        for (int i = 0; i < lines.Length; i++)
        {
            if (BodyStart().Match(lines[i]) is not { Success: true } brace)
            {
                continue;
            }

            string indent = brace.Groups[1].Value;
            int header = i - 1;
            while (header > 0 && lines[header].StartsWith(indent + " ", StringComparison.Ordinal))
            {
                header--;
            }

            int end = Array.FindIndex(lines, i, line => line.StartsWith(indent + "}", StringComparison.Ordinal));
            if (end >= 0 && !TypeHeader().IsMatch(lines[header]) && lines[header].Contains('(', StringComparison.Ordinal))
            {
                yield return (lines[header].Trim(), end - header + 1);
            }
        }
    }

    [GeneratedRegex(@"^using (?:static )?([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Using();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^(?:\w+ )*?(?:class|struct|interface|enum|record(?: struct| class)?|delegate [\w<>\[\], ?]+) (\w+)", RegexOptions.Multiline)]
    private static partial Regex TypeLine();

    [GeneratedRegex(@"^((?: {4}| {8})){$")]
    private static partial Regex BodyStart();

    [GeneratedRegex(@"^ *(?:\w+ )*(?:class|struct|interface|enum|record) \w+")]
    private static partial Regex TypeHeader();
}
