using System.Text.RegularExpressions;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Architecture;

/// <summary>What ARCHITECTURE.md calls by a name is there under that name.</summary>
public partial class PageTests
{
    private static readonly IReadOnlyList<SourceFile> Files =
        [.. SourceFile.Below(Checkout.Find("src")), .. SourceFile.Below(Checkout.Find("tests/ChunkSync.Tests"))];

    private static readonly HashSet<string> Types = [.. Files.SelectMany(file => file.Types)];

    /// <summary>Files of the four walks, and any other path of a folder and a type.</summary>
    private static readonly HashSet<string> Paths =
        [.. Files.Select(file => file.Path[..^".cs".Length].Replace("ChunkSync.", "", StringComparison.Ordinal).Replace("ChunkSync/", "", StringComparison.Ordinal))];

    private static readonly HashSet<string> Folders = [.. Paths.SelectMany(path => new[] { path[..Math.Max(0, path.LastIndexOf('/'))], path.Split('/')[0] })];

    [Fact]
    public void Names_of_the_page_exist_when_it_is_read()
    {
        string page = File.ReadAllText(Checkout.Find("ARCHITECTURE.md"));
        string[] wrong = [.. Wrong(page)];
        Assert.True(wrong.Length == 0, "ARCHITECTURE.md names what is not there: " + string.Join(", ", wrong));
        Assert.True(TypeName().Count(page) > 50, "the page names hardly anything");
    }

    [Fact]
    public void Wrong_names_are_found_when_there_are_some() => Assert.Equal(
        ["Merge/Nothing", "Replica", "Statement.Nothing"],
        Wrong("`Merge/RowMerger`, `Merge/Nothing`, `Statement`, `Replica`, `Statement.Run`, `Statement.Nothing`, `SELECT`, `PRAGMA`").Order(StringComparer.Ordinal));

    private static IEnumerable<string> Wrong(string page)
    {
        foreach (Match match in TypeName().Matches(page))
        {
            string type = match.Groups["type"].Value;
            string path = match.Groups["folder"].Value + type;
            bool isThere = Folders.Contains(path) || (path != type
                ? Paths.Contains(path)
                : Types.Contains(type) && (!match.Groups["member"].Success || HasMember(type, match.Groups["member"].Value)));
            if (!isThere)
            {
                yield return path + match.Groups["member"].Value;
            }
        }
    }

    private static bool HasMember(string type, string member) =>
        Files.Any(file => file.Types.Contains(type) && file.Has(member.TrimStart('.')));

    /// <summary>A name in code quotes with a lower-case letter behind its first one, with a folder before it or a member behind it.</summary>
    [GeneratedRegex("`(?<folder>(?:[A-Z][a-z]+/)*)(?<type>I?[A-Z][a-z][A-Za-z0-9]*)(?<member>[.][A-Z][A-Za-z]+)?`")]
    private static partial Regex TypeName();
}
