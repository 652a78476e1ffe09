using ChunkSync.Samples.MainJob;
using Spectre.Console;

// chunksync.so [database] [--chunk-size N] [--all]: pages all changes of a database one chunk per query.
// chunksync.so backfill [database]: cuts tables into pieces, and fills clocks in slices.
// chunksync.so probe [NAMESPACE]: takes one namespace out of stored chunks.
// chunksync.so waiting [database]: three copies write at once what does not fit together, and are equal in the end.
// chunksync.so tree [database table parent]: two replicas of an outline are edited at once and have one tree in the end.
// chunksync.so demo FOLDER: two databases for the demonstration of the command-line tool.
SQLitePCL.Batteries_V2.Init();
if (Console.IsOutputRedirected)
{
    AnsiConsole.Profile.Capabilities.Ansi = false;
}

try
{
    Options options = Options.Parse(args);
    if (options.Job == Options.WaitingJob)
    {
        return new WaitingDemo(options.Library, options.Members).Run(options.Database) ? 0 : 1;
    }

    if (options.Job == Options.DemoJob)
    {
        DemoDatabases.Write(options.Database!);
        return 0;
    }

    if (options.Job == Options.TreeJob)
    {
        TreeDemo demo = new(options.Library);
        return (options.Tree is (string table, string parent) ? demo.RunOn(options.Database!, table, parent) : demo.RunOnDocumentation(options.Members)) ? 0 : 1;
    }

    using Workspace workspace = options.Database == null
        ? Workspace.FromDocumentation(options.Library)
        : Workspace.FromCopy(options.Library, options.Database);
    if (options.Probe != null)
    {
        new ProbeDemo(workspace, options.Library, options.Probe).Run();
        return 0;
    }

    if (options.Job != Options.BackfillJob)
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

    return options.Job == Options.BackfillJob || new WaitingDemo(options.Library, options.Members).Run(options.Database) ? 0 : 1;
}
catch (Exception failure) when (failure is IOException or ArgumentException or InvalidOperationException or Microsoft.Data.Sqlite.SqliteException)
{
    AnsiConsole.MarkupLineInterpolated($"[red]{failure.Message}[/]");
    return 1;
}
