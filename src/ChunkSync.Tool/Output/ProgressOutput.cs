using System.Text.Json;
using ChunkSync.Client;
using Spectre.Console;

namespace ChunkSync.Tool;

/// <summary>Shows how far work is, on standard error: a bar on a terminal, lines of JSON where they are asked for, nothing elsewhere.</summary>
internal sealed class ProgressOutput(Terminal terminal, GlobalOptions options, CancellationToken cancellation)
{
    /// <summary>Does some work that reports its progress; the end of what it reports is 100 %.</summary>
    /// <param name="title">What it is, in a word or two.</param>
    /// <param name="work">The work; what it is given can be reported to from any thread.</param>
    public async Task<T> RunAsync<T>(string title, Func<IProgress<SyncProgress>, Task<T>> work)
    {
        cancellation.ThrowIfCancellationRequested();
        ProgressMode mode = options.IsQuiet ? ProgressMode.None : options.Progress;
        return mode switch
        {
            ProgressMode.Json => await work(new Reporter(Write)),
            ProgressMode.Auto or ProgressMode.Bar when terminal.IsErrorTerminal => await DrawAsync(title, work),
            _ => await work(new Reporter(static _ => { })),
        };
    }

    private void Write(SyncProgress now)
    {
        ProgressLine line = new(now.Bytes, now.TotalBytes is long total ? Math.Max(total, now.Bytes) : null);
        lock (terminal.Error)
        {
            terminal.Error.WriteLine(JsonSerializer.Serialize(line, ToolJson.Instance.ProgressLine));
        }
    }

    private async Task<T> DrawAsync<T>(string title, Func<IProgress<SyncProgress>, Task<T>> work)
    {
        bool hasColor = terminal.MayColor && options.HasColor;
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = hasColor ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.Yes,
            Out = new AnsiConsoleOutput(terminal.Error),
        });
        console.Profile.Width = terminal.Width;
        Progress bar = console.Progress().AutoRefresh(true).Columns(
            new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 30 }, new PercentageColumn(), new DownloadedColumn());
        return await bar.StartAsync(async display =>
        {
            ProgressTask task = display.AddTask(Markup.Escape(title), maxValue: 1);
            task.IsIndeterminate = true;
            return await work(new Reporter(now =>
            {
                task.IsIndeterminate = now.TotalBytes == null;
                task.MaxValue = Math.Max(1, Math.Max(now.TotalBytes ?? 0, now.Bytes));
                task.Value = now.TotalBytes == 0 ? 1 : now.Bytes;
            }));
        });
    }

    /// <summary>Reports at once, on the caller's thread: the last report is there when the work is over.</summary>
    private sealed class Reporter(Action<SyncProgress> show) : IProgress<SyncProgress>
    {
        public void Report(SyncProgress value) => show(value);
    }
}
