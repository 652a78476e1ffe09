using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ChunkSync.Client;

namespace ChunkSync.Tool.Tests;

public sealed partial class ReportTests : IDisposable
{
    private const int LargestPage = 2_000_000;

    private readonly Workspace workspace = new();

    [Fact]
    public async Task Result_is_the_recorded_one() => await Golden.CheckAsync(
        workspace, ExitCode.Done, "report", "report", workspace.Fixture("oversized"), "--chunk-size", "256K", "--out", workspace.At("page.html"));

    [Fact]
    public async Task Page_holds_what_json_says_and_five_figures()
    {
        string file = workspace.Fixture("oversized");
        string page = workspace.At("page.html");
        ToolRun run = (await Tool.RunAsync("report", file, "--chunk-size", "256K", "--out", page, "--against", file, "--json")).Expect(ExitCode.Done);
        string html = await File.ReadAllTextAsync(page);
        Assert.True(JsonNode.DeepEquals(run.Json, JsonNode.Parse(Data().Match(html).Groups[1].Value)));
        Assert.Equal(5, Regex.Count(html, "<figure>"));
        Assert.True((bool)run.Json["against"]!["equal"]!);
        AssertClosed(html);
        foreach (JsonNode? bin in run.Json["strip"]!.AsArray())
        {
            Assert.Contains($"<td>{(long)bin!["bytes"]!:N0}</td>", html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Sixth_figure_is_there_when_pages_are_timed()
    {
        string page = workspace.At("page.html");
        ToolRun run = (await Tool.RunAsync(
            "report", workspace.Fixture("oversized"), "--chunk-size", "256K", "--out", page, "--timed", "--json", "--progress", "json")).Expect(ExitCode.Done);
        Assert.Equal(6, Regex.Count(await File.ReadAllTextAsync(page), "<figure>"));
        Assert.Equal(25, (long)run.Json["timing"]!["pages"]!);
        Assert.Equal(10, run.Json["timing"]!["deciles"]!.AsArray().Count);
        JsonNode last = JsonNode.Parse(run.Error.TrimEnd().Split('\n')[^1])!;
        Assert.Equal((long)last["total_bytes"]!, (long)last["done_bytes"]!);
    }

    /// <summary>Two paths are easily exchanged. A page or a payload that is there is replaced, behind a link, too; a database never.</summary>
    [Fact]
    public async Task Database_is_never_overwritten()
    {
        string file = workspace.Shop("shop.db", "INSERT INTO items VALUES ('a', 'apple', 1)"), other = workspace.Shop("other.db");
        string link = workspace.At("link"), page = workspace.At("page.html");
        File.CreateSymbolicLink(link, file);
        byte[] before = await File.ReadAllBytesAsync(file);
        foreach (string place in (string[])[file, link])
        {
            string line = $"chunksync: {place}: it is a database, which is not overwritten; give the path of another file";
            (await Tool.RunAsync("report", file, "--out", place)).Fails(ExitCode.InputOutput, line);
            (await Tool.RunAsync("diff", file, other, "--payload", place)).Fails(ExitCode.InputOutput, line);
        }

        Assert.Equal(before, await File.ReadAllBytesAsync(file));
        File.Delete(link);
        File.CreateSymbolicLink(link, page);
        (await Tool.RunAsync("report", file, "--out", link)).Expect(ExitCode.Done);
        (await Tool.RunAsync("report", file, "--out", link)).Expect(ExitCode.Done);
        Assert.NotNull(new FileInfo(link).LinkTarget);
        Assert.StartsWith("<!DOCTYPE html>", await File.ReadAllTextAsync(page), StringComparison.Ordinal);
        (await Tool.RunAsync("report", file, "--out", workspace.Folder)).Fails(
            ExitCode.InputOutput, $"chunksync: {workspace.Folder}: it is a folder; give the path of a file in it");
        string nowhere = workspace.At("no/page.html");
        (await Tool.RunAsync("report", file, "--out", nowhere)).Fails(ExitCode.InputOutput, $"chunksync: {nowhere}: the folder does not exist");
        Assert.Equal(["link", "other.db", "page.html", "shop.db"], Directory.GetFileSystemEntries(workspace.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    /// <summary>Names of others are text of the page, and never a part of it.</summary>
    [Fact]
    public async Task Page_stays_whole_when_names_are_hostile()
    {
        string file = workspace.At("hostile.db");
        const string Name = "</script><script>alert(1)</script>";
        Workspace.Run(file, $"CREATE TABLE \"{Name}\"(id TEXT PRIMARY KEY NOT NULL, \"<b>\" TEXT)", $"SELECT cloudsync_init('{Name}')",
            $"INSERT INTO \"{Name}\" VALUES ('a', hex(randomblob(300000)))");
        string page = workspace.At("page.html");
        ToolRun run = (await Tool.RunAsync("report", file, "--chunk-size", "256K", "--out", page, "--json")).Expect(ExitCode.Done);
        string html = await File.ReadAllTextAsync(page);
        AssertClosed(html);
        Assert.True(JsonNode.DeepEquals(run.Json, JsonNode.Parse(Data().Match(html).Groups[1].Value)));
        Assert.DoesNotContain("<b>", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_is_small_when_there_are_ten_thousand_chunks()
    {
        PlannedChunkLine[] chunks = [.. Enumerable.Range(0, 10_000).Select(i => new PlannedChunkLine(
            i, 100, i + 1, i + 2, new ChunkCursor(i + 1, 0, 0), new ChunkCursor(i + 2, 0, 0), 262_144, i == 9999, null, ["items"]))];
        List<ReportBin> bins = ReportBin.Of(chunks, 600);
        Assert.InRange(bins.Count, 500, 600);
        Assert.Equal(1_000_000, bins.Sum(bin => bin.Rows));
        ReportResult report = new("shop.db", default, 10_001, 10_000, 1_000_000, 2_621_440_000, 10_001, 262_144, bins,
            [.. Enumerable.Range(0, 240).Select(i => new ReportVersions(i * 40, (i * 40) + 39, 4000))],
            [.. Enumerable.Range(0, 240).Select(i => new ReportWriter(new SiteId(Guid.NewGuid().ToByteArray()), "items", i))], [], [], null, null);
        Assert.InRange(ReportPage.Make(report).Length, 1, LargestPage);
    }

    /// <summary>In a real browser, which reaches no network: its log has no message of the page.</summary>
    [BrowserFact]
    public async Task Browser_has_nothing_to_say_about_the_page()
    {
        string page = workspace.At("page.html");
        (await Tool.RunAsync("report", workspace.Fixture("oversized"), "--chunk-size", "256K", "--out", page, "--timed")).Expect(ExitCode.Done);
        ProcessStartInfo start = new(BrowserFactAttribute.Browser!,
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--user-data-dir=" + workspace.At("profile"),
            "--dump-dom", "file://" + page,
        ])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process browser = Process.Start(start)!;
        Task<string> log = browser.StandardError.ReadToEndAsync();
        string shown = await browser.StandardOutput.ReadToEndAsync();
        Assert.Equal(6, Regex.Count(shown, "<figure>"));
        Assert.DoesNotContain("CONSOLE", await log, StringComparison.Ordinal);
        await browser.WaitForExitAsync();
    }

    [Fact]
    public async Task Code_says_what_failed_when_no_page_is_written()
    {
        string file = workspace.Fixture("empty");
        (await Tool.RunAsync("report", file)).Expect(ExitCode.Usage);
        (await Tool.RunAsync("report", file, "--out", workspace.At("no/such/folder.html"))).Expect(ExitCode.InputOutput);
        (await Tool.RunAsync("report", file, "--out", workspace.At("page.html"), "--against", workspace.At("no.db"))).Expect(ExitCode.Database);
        Assert.False(File.Exists(workspace.At("page.html")));
    }

    public void Dispose() => workspace.Dispose();

    /// <summary>One script, which is data; nothing from elsewhere.</summary>
    private static void AssertClosed(string html)
    {
        Assert.Equal(1, Regex.Count(html, "<script"));
        Assert.Equal(1, Regex.Count(html, "</script"));
        Assert.DoesNotMatch("(?i)(src|href)\\s*=\\s*\"(?!data:,)", html);
        Assert.DoesNotContain("@import", html, StringComparison.Ordinal);
        Assert.InRange(html.Length, 1, LargestPage);
    }

    [GeneratedRegex("<script type=\"application/json\" id=\"chunksync-report\">(.*?)</script>", RegexOptions.Singleline)]
    private static partial Regex Data();
}
