using System.Text.Json;
using ChunkSync.Client;
using Spectre.Console;

namespace ChunkSync.Tool;

/// <summary>Shows how far work is, on standard error: a bar on a terminal, lines of JSON where they are asked for, nothing elsewhere.</summary>
internal sealed class ProgressOutput(Terminal terminal, GlobalOptions options, CancellationToken cancellation)
{
    private readonly ProgressMode mode = options.IsQuiet ? ProgressMode.None
        : options.Progress is ProgressMode.Auto or ProgressMode.Bar ? terminal.IsErrorTerminal ? ProgressMode.Bar : ProgressMode.None
        : options.Progress;

    /// <summary>Whether anybody sees it, so that it is worth knowing how much there is.</summary>
    public bool IsShown => mode != ProgressMode.None;

    /// <summary>Does some work that reports its progress in bytes; the end of what it reports is 100 %.</summary>
    /// <param name="title">What it is, in a word or two.</param>
    /// <param name="work">The work; what it is given can be reported to from any thread.</param>
    public Task<T> RunAsync<T>(string title, Func<IProgress<SyncProgress>, Task<T>> work) => RunAsync(
        title, true, show => work(new Reporter<SyncProgress>(now => show(now.Bytes, now.TotalBytes))));

    /// <summary>Does some work that reports its progress in rows: how many are done, and of how many.</summary>
    /// <param name="title">What it is, in a word or two.</param>
    /// <param name="work">The work.</param>
    public Task<T> RunRowsAsync<T>(string title, Func<Action<long, long?>, Task<T>> work) => RunAsync(title, false, work);

    private async Task<T> RunAsync<T>(string title, bool isBytes, Func<Action<long, long?>, Task<T>> work)
    {
        cancellation.ThrowIfCancellationRequested();
        return mode switch
        {
            ProgressMode.Json => await work((done, total) => Write(isBytes, done, total)),
            ProgressMode.Bar => await DrawAsync(title, isBytes, work),
            _ => await work(static (_, _) => { }),
        };
    }

    private void Write(bool isBytes, long done, long? total)
    {
        long? all = total is long known ? Math.Max(known, done) : null;
        string line = isBytes
            ? JsonSerializer.Serialize(new ProgressLine(done, all), ToolJson.Instance.ProgressLine)
            : JsonSerializer.Serialize(new RowProgressLine(done, all), ToolJson.Instance.RowProgressLine);
        lock (terminal.Error)
        {
            terminal.Error.WriteLine(line);
        }
    }

    private async Task<T> DrawAsync<T>(string title, bool isBytes, Func<Action<long, long?>, Task<T>> work)
    {
        bool hasColor = terminal.MayColor && options.HasColor;
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = hasColor ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.Yes,
            Out = new AnsiConsoleOutput(terminal.Error),
        });
        console.Profile.Width = terminal.Width();
        List<ProgressColumn> columns =
            [new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 30 }, new PercentageColumn()];
        if (isBytes)
        {
            columns.Add(new DownloadedColumn());
        }

        return await console.Progress().AutoRefresh(true).Columns([.. columns]).StartAsync(async display =>
        {
            ProgressTask task = display.AddTask(Markup.Escape(title), maxValue: 1);
            task.IsIndeterminate = true;
            return await work((done, total) =>
            {
                task.IsIndeterminate = total == null;
                task.MaxValue = Math.Max(1, Math.Max(total ?? 0, done));
                task.Value = total == 0 ? 1 : done;
            });
        });
    }

    /// <summary>Reports at once, on the caller's thread: the last report is there when the work is over.</summary>
    private sealed class Reporter<T>(Action<T> show) : IProgress<T>
    {
        public void Report(T value) => show(value);
    }
}
