using System.Text.RegularExpressions;

namespace ChunkSync.Loaded.Tests;

/// <summary>What comments refer to, "(format A.3)" or "(behaviour E.5)", is a heading of docs/format.md or docs/behaviour.md.</summary>
public partial class SourceReferenceTests
{
    [Fact]
    public void References_name_headings_when_comments_refer_to_the_pages()
    {
        Dictionary<string, HashSet<string>> headings = new()
        {
            ["format"] = Headings("docs/format.md"),
            ["behaviour"] = Headings("docs/behaviour.md"),
        };
        Assert.True(headings.Values.All(found => found.Count > 15), "the pages have lost their headings");
        int references = 0;
        foreach (string file in SourceFiles())
        {
            foreach (Match match in Reference().Matches(File.ReadAllText(file)))
            {
                string page = match.Groups["page"].Success ? match.Groups["page"].Value : "behaviour";
                foreach (System.Text.RegularExpressions.Capture section in match.Groups["section"].Captures)
                {
                    Assert.True(headings[page].Contains(section.Value), $"{file}: \"{match.Value}\" is no heading of docs/{page}.md");
                    references++;
                }
            }
        }

        Assert.True(references > 50, $"only {references} references were found");
    }

    private static HashSet<string> Headings(string page) => [.. Heading().Matches(Repository.Read(page)).Select(match => match.Groups[1].Value)];

    private static IEnumerable<string> SourceFiles()
    {
        string[] folders = ["src", "tests", "native", "samples", "docs"];
        return folders.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*", SearchOption.AllDirectories))
            .Concat(Directory.EnumerateFiles(Repository.Root, "*.md"))
            .Where(file => Path.GetExtension(file) is ".cs" or ".c" or ".h" or ".md")
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"));
    }

    [GeneratedRegex(@"^#+ ([A-J](?:[.-]\d+)?)\.? ", RegexOptions.Multiline)]
    private static partial Regex Heading();

    /// <summary>One page and its sections; a defect of sqlite-sync (J-12) is known without the page's name.</summary>
    [GeneratedRegex(@"\b(?:(?<page>format|behaviour) (?<section>[A-J]\b(?:[.-]\d+)?)(?:, (?<section>[A-J]\b(?:[.-]\d+)?))*|(?<section>J-\d+)\b)")]
    private static partial Regex Reference();
}
