using System.Text.RegularExpressions;

namespace ChunkSync.Loaded.Tests;

/// <summary>A page of docs/ and its code blocks.</summary>
internal sealed partial class DocumentationPage(string name)
{
    /// <summary>One fenced block.</summary>
    /// <param name="Language">The first word behind the fence.</param>
    /// <param name="Info">What follows it, for example <c>db=left</c>.</param>
    /// <param name="Code">The text between the fences.</param>
    /// <param name="Expected">The <c>text</c> block that follows, or null.</param>
    /// <param name="Line">The line of the opening fence, from 1.</param>
    public sealed record Block(string Language, string Info, string Code, string? Expected, int Line);

    private readonly string text = Repository.Read("docs/" + name);

    /// <summary>All pages but the generated one.</summary>
    public static IEnumerable<string> Names => Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md")
        .Select(file => Path.GetFileName(file)).Where(file => file != "reference.md").Order(StringComparer.Ordinal);

    /// <summary>The blocks in order, without the <c>text</c> blocks.</summary>
    public IEnumerable<Block> Blocks => Fenced().Matches(text).Where(match => match.Groups["language"].Value != "text").Select(match => new Block(
        match.Groups["language"].Value,
        match.Groups["info"].Value.Trim(),
        match.Groups["code"].Value,
        match.Groups["expected"].Success ? match.Groups["expected"].Value : null,
        text[..match.Index].Count(letter => letter == '\n') + 1));

    /// <summary>The targets of all links.</summary>
    public IEnumerable<string> Links => Link().Matches(text).Select(match => match.Groups[1].Value);

    /// <summary>The anchors of the page's headings, as GitHub makes them.</summary>
    public IEnumerable<string> Anchors => Heading().Matches(text).Select(match =>
        NotInAnchor().Replace(match.Groups[1].Value.ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex("^```(?<language>\\w+)(?<info>[^\\n]*)\\n(?<code>.*?)^```\\n(?:\\n```text\\n(?<expected>.*?)^```\\n)?",
        RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fenced();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchor();
}
