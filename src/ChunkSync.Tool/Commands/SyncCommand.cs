using System.CommandLine;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary><c>sync DB DIR|s3://BUCKET/PREFIX</c>: one push and pull through a store that several devices share.</summary>
internal sealed class SyncCommand : ToolCommand
{
    private readonly Argument<string> database = DatabaseArgument();

    private readonly Option<bool> compact = new("--compact") { Description = "Write this device's changes anew, in one window, and remove what the store had of them before" };

    private readonly Argument<string> place = new("PLACE") { Description = "A folder that the devices share, or s3://BUCKET/PREFIX" };

    /// <summary>Makes it.</summary>
    public SyncCommand()
        : base("sync", "Exchange changes with other devices through a folder or S3: once there and back")
    {
        Arguments.Add(database);
        Arguments.Add(place);
        Options.Add(compact);
    }

    /// <inheritdoc/>
    public override async Task<ExitCode> RunAsync(ParseResult arguments, ToolContext context)
    {
        using DatabaseFile file = DatabaseFile.Open(arguments.GetRequiredValue(database), context, isWritable: true);
        using IChunkStore store = ChunkStores.Open(arguments.GetRequiredValue(place));
        SyncRun run = new(file, store, context.Cancellation);
        List<PullResult> pulled = [];
        (PushResult? pushed, ToolException? first) = (null, null);
        try
        {
            pushed = await context.Progress.RunAsync("push", progress => run.PushAsync(progress, arguments.GetValue(compact)));
        }
        catch (ToolException failure) when (failure.IsDamage && run.IsWriter)
        {
            first = failure;
        }

        foreach (SiteId site in await run.OthersAsync())
        {
            try
            {
                if (await context.Progress.RunAsync($"pull {site.ToString()[..8]}", progress => run.PullAsync(site, progress)) is PullResult arrived)
                {
                    pulled.Add(arrived);
                }
            }
            catch (ToolException failure) when (failure.Code == ExitCode.Refused)
            {
                // One device's damage does not keep the others' changes away; it is what the command ends with.
                first ??= failure;
            }
        }

        return first != null || pushed == null
            ? throw first!
            : context.Write(new SyncResult(store.Address, file.Sync.Site, pushed, pulled, file.Number("SELECT count(*) FROM cloudsync_waiting")));
    }
}
