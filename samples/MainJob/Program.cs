using ChunkSync.Samples.MainJob;
using Spectre.Console;

// chunksync.so [database] [--chunk-size N] [--all]: pages all changes of a database one chunk per query.
// chunksync.so backfill [database]: cuts tables into pieces, and fills clocks in slices.
// chunksync.so probe [NAMESPACE]: takes one namespace out of stored chunks.
SQLitePCL.Batteries_V2.Init();
try
{
    Options options = Options.Parse(args);
    using Workspace workspace = options.Database == null
        ? Workspace.FromDocumentation(options.Library)
        : Workspace.FromCopy(options.Library, options.Database);
    if (options.Probe != null)
    {
        new ProbeDemo(workspace, options.Library, options.Probe).Run();
        return 0;
    }

    if (!options.Backfill)
    {
        Drain drain = new(workspace.Connection, options.ChunkSize);
        new Report(options.ShowAll).Print(drain.Run());
    }

    BackfillDemo backfill = new(workspace, options.Library);
    if (options.Database == null)
    {
        backfill.RunOnDocumentation();
    }
    else
    {
        backfill.RunOnLargest();
    }

    return 0;
}
catch (Exception failure) when (failure is IOException or ArgumentException or InvalidOperationException or Microsoft.Data.Sqlite.SqliteException)
{
    AnsiConsole.MarkupLineInterpolated($"[red]{failure.Message}[/]");
    return 1;
}
