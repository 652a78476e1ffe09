using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace ChunkSync.Tool.Tests;

/// <summary>Exit codes and terminals: what a process shows to those who started it.</summary>
public sealed partial class ProcessTests : IDisposable
{
    private readonly Workspace workspace = new();

    [Fact]
    public async Task Code_is_busy_when_somebody_has_the_database_locked()
    {
        string file = workspace.Shop();
        using SqliteConnection connection = Workspace.Connect(file);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "BEGIN EXCLUSIVE";
        command.ExecuteNonQuery();
        foreach (string[] arguments in (string[][])[["status", file], ["plan", file], ["init", file, "items"], ["verify", file, file], ["doctor", file]])
        {
            Stopwatch watch = Stopwatch.StartNew();
            (await Tool.RunAsync([.. arguments, "--busy-timeout", "60"])).Fails(
                ExitCode.Busy, $"chunksync: {file}: database is locked; try again, or wait longer with --busy-timeout");
            Assert.True(watch.ElapsedMilliseconds >= 50, "it did not wait");
        }
    }

    [Fact]
    public async Task Code_is_refused_when_a_cursor_is_no_boundary()
    {
        string file = workspace.Fixture("oversized");
        foreach (string[] arguments in (string[][])[["plan", file], ["verify", file, "--paging"], ["report", file, "--out", workspace.At("page.html")]])
        {
            ToolRun run = (await Tool.RunAsync([.. arguments, "--from", "2.5.77"])).Expect(ExitCode.Refused);
            Assert.EndsWith("; go on with --from 2.5.0\n", run.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Argument_is_a_name_when_it_begins_with_an_at_sign() =>
        (await Tool.RunAsync("status", "@no.db")).Fails(ExitCode.Database, "chunksync: @no.db: no such file; give the path of a database file");

    [Fact]
    public async Task Code_is_interrupted_when_the_command_is_stopped()
    {
        using CancellationTokenSource stopped = new();
        await stopped.CancelAsync();
        ToolRun run = await Tool.RunAsync(new ToolInput { Cancellation = stopped.Token }, "plan", workspace.Shop(), "--json");
        run.Expect(ExitCode.Interrupted);
        Assert.Equal("chunksync.error.v1", (string?)run.Json["schema"]);
    }

    [Fact]
    public async Task Process_ends_with_130_when_it_gets_a_signal()
    {
        using Process process = Tool.Start("dump", "-");
        await HearsInterruptsAsync(process.Id);
        using Process kill = Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]);
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(20));
        await process.WaitForExitAsync(limit.Token);
        Assert.Equal(130, process.ExitCode);
        Assert.Equal("chunksync: interrupted: the command was stopped; run it again\n", await process.StandardError.ReadToEndAsync());
    }

    /// <summary>A result that nobody gets is a failure; what cannot be told on standard error changes nothing.</summary>
    [Theory]
    [InlineData("status shop.db >/dev/full", 6, "chunksync: standard output: the disk is full\n")]
    [InlineData("status shop.db --json >/dev/full", 6, "chunksync: standard output: the disk is full\n")]
    [InlineData("--help >/dev/full", 6, "chunksync: standard output: the disk is full\n")]
    [InlineData("status shop.db >&-", 6, "chunksync: standard output: it is closed\n")]
    [InlineData("status none.db --json >/dev/full", 3, "chunksync: none.db: no such file; give the path of a database file\n")]
    [InlineData("status none.db 2>/dev/full", 3, "")]
    [InlineData("status none.db 2>&-", 3, "")]
    [InlineData("status none.db --json >&- 2>&-", 3, "")]
    [InlineData("plan shop.db --progress json 2>&-", 0, "")]
    [InlineData("dump - <&-", 6, "chunksync: standard input: it is closed\n")]
    [InlineData("status shop.db <&- >&-", 6, "chunksync: standard output: it is closed\n")]
    [InlineData("dump ''", 6, "chunksync: '': this is not a path\n")]
    public async Task Code_says_what_happened_when_nobody_reads(string command, int code, string error)
    {
        if (!File.Exists("/dev/full"))
        {
            return;
        }

        workspace.Shop();
        ProcessStartInfo start = new("bash", ["-c", $"dotnet {Tool.ProgramFile} {command}"])
        {
            WorkingDirectory = workspace.Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process bash = Process.Start(start)!;
        Task<string> output = bash.StandardOutput.ReadToEndAsync();
        Assert.Equal(error, await bash.StandardError.ReadToEndAsync());
        await bash.WaitForExitAsync();
        Assert.True(code == bash.ExitCode, $"{bash.ExitCode}: {await output}");
    }

    /// <summary>The limit of a file's size is a failure like a full disk, not the end of the process.</summary>
    [Fact]
    public async Task Failure_is_one_line_when_a_file_may_not_grow()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        string file = workspace.Shop("shop.db", Streams.Fill(4)), other = workspace.Shop("other.db");
        (await Tool.RunAsync("chunks", file, "--out", workspace.At("export"))).Expect(ExitCode.Done);
        (string Command, string Error)[] cases =
        [
            ("report shop.db --out page.html", "page.html: no file may become so large"), ("chunks shop.db --out more", "more/c/[^:]+: no file may become so large"),
            ("apply other.db export", "other.db: disk I/O error"),
        ];
        foreach ((string command, string error) in cases)
        {
            ProcessStartInfo start = new("bash", ["-c", $"ulimit -f 1; exec dotnet {Tool.ProgramFile} {command} --json"])
            {
                WorkingDirectory = workspace.Folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            start.Environment["DOTNET_EnableDiagnostics"] = "0";
            start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
            using Process bash = Process.Start(start)!;
            Task<string> output = bash.StandardOutput.ReadToEndAsync();
            Assert.Matches($@"\Achunksync: {error}[^\n]*\n\z", await bash.StandardError.ReadToEndAsync());
            Assert.Equal("chunksync.error.v1", (string?)JsonNode.Parse(await output)!["schema"]);
            await bash.WaitForExitAsync();
            Assert.Equal((int)ExitCode.InputOutput, bash.ExitCode);
        }

        Assert.Equal("ok", Workspace.Text(other, "PRAGMA integrity_check"));
    }

    [Fact]
    public async Task Process_ends_with_130_when_it_gets_a_signal_while_it_waits_for_a_payload()
    {
        workspace.Shop();
        using Process process = Tool.Start(start => start.WorkingDirectory = workspace.Folder, "apply", "shop.db", "-");
        await HearsInterruptsAsync(process.Id);
        await Task.Delay(300);
        using Process kill = Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]);
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(20));
        await process.WaitForExitAsync(limit.Token);
        Assert.Equal(130, process.ExitCode);
    }

    [Theory]
    [InlineData("--json")]
    [InlineData("--json=true")]
    [InlineData("--json:true")]
    public async Task Failure_is_one_object_when_json_is_asked_for_in_any_way(string option)
    {
        ToolRun run = (await Tool.RunAsync("status", workspace.At("none.db"), option)).Expect(ExitCode.Database);
        Assert.Equal("chunksync.error.v1", (string?)run.Json["schema"]);
    }

    /// <summary>Waits until a process handles SIGINT: before that the signal ends it, or is ignored as it is for what a script starts in the background. The runtime has a handler
    /// of its own for it; the program's is there when its last one is, that for SIGXFSZ.</summary>
    private static async Task HearsInterruptsAsync(int process)
    {
        string status = $"/proc/{process}/status";
        for (int wait = 0; wait < 600; wait++)
        {
            await Task.Delay(100);
            if (!File.Exists(status))
            {
                await Task.Delay(3000);
                return;
            }

            string? caught = (await File.ReadAllLinesAsync(status)).FirstOrDefault(line => line.StartsWith("SigCgt:", StringComparison.Ordinal));
            const long Both = (1 << 1) | (1 << 24);
            if (caught != null && (long.Parse(caught[7..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & Both) == Both)
            {
                return;
            }
        }

        Assert.Fail("the process never handles SIGINT");
    }

    /// <summary>A pseudo-terminal, which util-linux makes.</summary>
    [Fact]
    public async Task Bar_appears_on_a_terminal_and_ends_with_all()
    {
        await ShowsBarAsync($"init {Filled("bar.db")} items --sliced", 0);

        (_, string shown) = await OnTerminalAsync($"init {Filled("none.db")} items --sliced --progress none --color never");
        Assert.DoesNotContain('%', shown);
        (_, shown) = await OnTerminalAsync($"init {Filled("quiet.db")} items --sliced --quiet --color never");
        Assert.DoesNotContain('%', shown);
    }

    [Fact]
    public async Task Bar_appears_on_a_terminal_when_databases_are_compared()
    {
        (string file, string other) = Compared();
        await ShowsBarAsync($"verify {file} {other}", 1);
        await ShowsBarAsync($"diff {file} {other}", 1);
        await ShowsBarAsync($"verify {Cut()} --paging --every-cut --chunk-size 256K", 0);
        (_, string shown) = await OnTerminalAsync($"diff {file} {other} --quiet --color never");
        Assert.DoesNotContain('%', shown);
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("bar")]
    [InlineData("none")]
    public async Task Bar_never_appears_in_a_pipe(string progress)
    {
        (string file, string other) = Compared();
        foreach (string[] arguments in (string[][])[["init", Filled("pipe.db"), "items", "--sliced"], ["verify", file, other], ["diff", file, other], ["verify", file, "--paging"]])
        {
            ToolRun run = await Tool.RunProcessAsync([.. arguments, "--progress", progress]);
            Assert.Equal("", run.Error);
            Assert.DoesNotContain('\u001b', run.Output);
        }
    }

    /// <summary>Lines of JSON: rows and clocks of both, which end with all of them; a table has a filter, another one no rowid.</summary>
    [Fact]
    public async Task Progress_of_a_comparison_grows_to_all_rows_and_changes_no_answer()
    {
        (string file, string other) = Compared();
        long all = long.Parse(Workspace.Text(file, "SELECT 2 * 3000 + 2 * (SELECT count(*) FROM items_cloudsync)"
            + " + 2 * (SELECT count(*) FROM kept WHERE a < 50) + 2 * (SELECT count(*) FROM kept_cloudsync WHERE db_version <> 0)"), CultureInfo.InvariantCulture);
        foreach (string[] arguments in (string[][])[["verify", file, other], ["diff", file, other], ["verify", Cut(), "--paging", "--every-cut", "--chunk-size", "256K"]])
        {
            ToolRun run = await Tool.RunAsync([.. arguments, "--progress", "json", "--json"]);
            Assert.Equal((await Tool.RunAsync([.. arguments, "--json"])).Output, run.Output);
            (long Done, long? Total)[] lines =
            [
                .. run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)
                    .Select(line => ((long)line["done_rows"]!, (long?)line["total_rows"])),
            ];
            Assert.Equal(lines.OrderBy(line => line.Done), lines);
            Assert.All(lines, line => Assert.True(line.Total == null || line.Done <= line.Total, run.Error));
            Assert.Equal(lines[^1].Total, lines[^1].Done);
            Assert.True(arguments.Length > 3 || lines[^1].Done == all, $"{all}\n{run.Error}");
        }
    }

    [Fact]
    public async Task Colours_are_shown_only_on_a_terminal_that_wants_them()
    {
        string file = workspace.Fixture("relay_sites");
        ToolInput terminal = new() { IsOutputTerminal = true };
        Assert.Contains('\u001b', (await Tool.RunAsync(terminal, "doctor", file)).Output);
        Assert.DoesNotContain('\u001b', (await Tool.RunAsync(terminal, "doctor", file, "--color", "never")).Output);
        Assert.DoesNotContain('\u001b', (await Tool.RunAsync(terminal, "doctor", file, "--json")).Output);
        Assert.DoesNotContain('\u001b', (await Tool.RunAsync("doctor", file)).Output);
    }

    /// <summary>The script, in a real bash, with the program under its name.</summary>
    [Fact]
    public async Task Bash_completes_commands_options_and_values()
    {
        string script = $$"""
            chunksync() { dotnet {{Tool.ProgramFile}} "$@"; }
            source <(chunksync completion bash)
            try() { COMP_LINE="$1"; COMP_POINT=${#1}; COMP_WORDS=($1); [[ "$1" == *" " ]] && COMP_WORDS+=(""); COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )); _chunksync; echo "${COMPREPLY[*]}"; }
            try "chunksync st"
            try "chunksync plan x.db --chunk"
            try "chunksync status x.db --progress "
            try "chunksync status "
            """;
        ProcessStartInfo start = new("bash", ["-c", script]) { RedirectStandardOutput = true };
        using Process bash = Process.Start(start)!;
        Assert.Equal("status\n--chunk-size\nauto bar json none\n\n", await bash.StandardOutput.ReadToEndAsync());
    }

    public void Dispose() => workspace.Dispose();

    private string Filled(string name, int rows = 3000)
    {
        string file = workspace.At(name);
        Workspace.Run(file, "CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, a)",
            $"WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {rows}) INSERT INTO items SELECT 'k' || i, i FROM c");
        return file;
    }

    /// <summary>Two databases that differ in a row: a table, and one with a filter and without rowids.</summary>
    private (string File, string Other) Compared()
    {
        string file = Filled("compared.db");
        Workspace.Run(file, "SELECT cloudsync_init('items')", "CREATE TABLE kept(id TEXT PRIMARY KEY NOT NULL, a) WITHOUT ROWID",
            "INSERT INTO kept SELECT id, a FROM items WHERE a <= 100", "SELECT cloudsync_init('kept')", "SELECT cloudsync_set_filter('kept', 'a < 50')");
        string other = workspace.At("other.db");
        File.Copy(file, other, overwrite: true);
        Workspace.Run(other, "UPDATE items SET a = -1 WHERE id = 'k7'");
        return (file, other);
    }

    /// <summary>A database that is cut everywhere, which takes as long as the square of its rows.</summary>
    private string Cut()
    {
        string file = Filled("cut.db", rows: 500);
        Workspace.Run(file, "SELECT cloudsync_init('items')");
        return file;
    }

    /// <summary>A command shows a bar, up to 100 % and not above.</summary>
    private static async Task ShowsBarAsync(string command, int expected)
    {
        (int code, string shown) = await OnTerminalAsync(command);
        Assert.True(code == expected, shown);
        int[] percents = [.. Percent().Matches(shown).Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))];
        Assert.True(percents.Length > 0, shown);
        Assert.Equal(100, percents[^1]);
        Assert.All(percents, percent => Assert.InRange(percent, 0, 100));
        Assert.Contains('\u001b', shown);
    }

    private static async Task<(int Code, string Shown)> OnTerminalAsync(string command)
    {
        ProcessStartInfo start = new("script", ["-qec", $"dotnet {Tool.ProgramFile} {command}", "/dev/null"]) { RedirectStandardOutput = true, RedirectStandardInput = true };
        start.Environment["TERM"] = "xterm-256color";
        start.Environment.Remove("NO_COLOR");
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        string shown = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, shown);
    }

    [GeneratedRegex(@"(\d+)%")]
    private static partial Regex Percent();
}
