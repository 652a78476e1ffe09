using System.CommandLine;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary><c>chunks DB --out DIR|s3://BUCKET/PREFIX</c>: exports a window, resumable.</summary>
internal sealed class ChunksCommand : ToolCommand
{
    private readonly Argument<string> database = DatabaseArgument();

    private readonly Option<string> store = new("--out") { Description = "A folder, or s3://BUCKET/PREFIX", HelpName = "PLACE", Required = true };

    private readonly Option<bool> resume = new("--resume") { Description = "Go on where a stopped run was, or behind a complete export; the default" };

    private readonly Option<bool> restart = new("--restart") { Description = "Begin the export anew" };

    private readonly Option<bool> prune = new("--prune") { Description = "Then remove what the export does not need: windows before a restart, what stopped runs left" };

    private readonly Option<long?> generation = new("--generation") { Description = "The number of a new window; nothing is to be done where it is reached", HelpName = "N" };

    private readonly WindowOptions window = new();

    /// <summary>Makes it.</summary>
    public ChunksCommand()
        : base("chunks", "Export a window of changes to a folder or to S3; a stopped run goes on where it was")
    {
        Arguments.Add(database);
        foreach (Option option in (Option[])[store, resume, restart, prune, generation])
        {
            Options.Add(option);
        }

        window.AddTo(this);
        Validators.Add(result =>
        {
            if (result.GetValue(resume) && result.GetValue(restart))
            {
                result.AddError("--resume and --restart exclude each other");
            }
        });
        generation.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: string text }] && !(long.TryParse(text, out long number) && number > 0))
            {
                result.AddError($"--generation {text} is no number of a generation");
            }
        });
    }

    /// <inheritdoc/>
    public override async Task<ExitCode> RunAsync(ParseResult arguments, ToolContext context)
    {
        using DatabaseFile file = DatabaseFile.Open(arguments.GetRequiredValue(database), context);
        using IChunkStore place = ChunkStores.Open(arguments.GetRequiredValue(store));
        ChunkWindow wanted = window.Window(arguments);
        ExportRequest request = new()
        {
            From = wanted.From,
            Until = wanted.Until,
            Sites = wanted.Sites == ChunkSites.Own ? null : wanted.Sites,
            ChunkSize = window.ChunkSize(arguments),
            MaxWindowBytes = wanted.MaxWindowBytes,
            Restart = arguments.GetValue(restart),
            Generation = arguments.GetValue(generation),
            WithTotals = context.Progress.IsShown,
        };
        if (!request.Restart)
        {
            await new OwnStream(file, place).CheckExportAsync(context.Cancellation);
        }

        Exporter exporter = new(file.Sync, place, ChunkSizeSetting.Of(file));
        ExportResult done = await context.Progress.RunAsync("export", progress => exporter.RunAsync(request, progress, context.Cancellation));
        long? removed = arguments.GetValue(prune) ? await new StoreSweep(place).RunAsync(done.Head, context.Cancellation) : null;
        return context.Write(ChunksResult.Of(place.Address, done, removed));
    }
}
