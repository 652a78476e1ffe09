using System.CommandLine;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary><c>apply DB FILE|DIR|s3://BUCKET/PREFIX|-</c>: applies payloads or an export.</summary>
internal sealed class ApplyCommand : ToolCommand
{
    private const string StandardInput = "-";

    private readonly Argument<string> database = DatabaseArgument();

    private readonly Argument<string> place = new("SOURCE") { Description = "A payload or a file of envelopes, the folder of an export, s3://BUCKET/PREFIX, or - for standard input" };

    private readonly Option<bool> noCheckpoint = new("--no-checkpoint") { Description = "Leave the checkpoint where it is: for several senders" };

    private readonly Option<bool> oneTransaction = new("--one-transaction") { Description = "All or nothing; foreign keys are checked at the end" };

    private readonly Option<bool> receive = new("--receive") { Description = "Record what arrives of the sender's stream, and take only what is missing" };

    private readonly Option<bool> dryRun = new("--dry-run") { Description = "Only check the chunks, and change nothing" };

    /// <summary>Makes it.</summary>
    public ApplyCommand()
        : base("apply", "Apply a payload, a file of envelopes or an export")
    {
        Arguments.Add(database);
        Arguments.Add(place);
        foreach (Option option in (Option[])[noCheckpoint, oneTransaction, receive, dryRun])
        {
            Options.Add(option);
        }

        Validators.Add(result =>
        {
            if (result.GetValue(receive) && result.GetValue(noCheckpoint))
            {
                result.AddError("--receive and --no-checkpoint exclude each other: receiving knows where the checkpoint may move");
            }
        });
    }

    /// <inheritdoc/>
    public override async Task<ExitCode> RunAsync(ParseResult arguments, ToolContext context)
    {
        (bool isCheck, bool isReceive, bool isOne) = (arguments.GetValue(dryRun), arguments.GetValue(receive), arguments.GetValue(oneTransaction));
        string from = arguments.GetRequiredValue(place);
        using DatabaseFile file = DatabaseFile.Open(arguments.GetRequiredValue(database), context, isWritable: !isCheck);
        using IChunkStore? store = IsStore(from) ? ChunkStores.Open(from) : null;
        using IChunkSource source = await OpenAsync(file, store, from, isReceive, context);
        ChunkTaker taker = new(file, source, context.Cancellation);
        TakenChunks taken = await context.Progress.RunAsync(isCheck ? "check" : "apply", progress => isCheck ? taker.CheckAsync(progress)
            : isReceive ? taker.ReceiveAsync(isOne, progress)
            : taker.ApplyAsync(isOne, !arguments.GetValue(noCheckpoint), progress));
        long waiting = file.Number("SELECT count(*) FROM cloudsync_waiting");
        return context.Write(new ApplyCommandResult(from, taken.Chunks, taken.Changes, taken.Bytes, waiting, isReceive, isCheck));
    }

    private static bool IsStore(string from) => from != StandardInput && (ChunkStores.IsS3(from) || Directory.Exists(from));

    private static async Task<IChunkSource> OpenAsync(DatabaseFile file, IChunkStore? store, string from, bool isReceive, ToolContext context)
    {
        if (store == null)
        {
            return from == StandardInput ? new StreamSource("standard input", context.Terminal.OpenInput, null)
                : File.Exists(from) ? new StreamSource(from, () => File.OpenRead(from), new FileInfo(from).Length)
                : throw new ToolException(ExitCode.InputOutput, from, "there is no such file or folder");
        }

        ExportHead head = await new ExportReader(store).HeadAsync(context.Cancellation);
        IReadOnlyList<StreamGap>? gaps = isReceive ? file.Sync.Gaps(head.Sender) : null;
        return await ExportSource.OpenAsync(store, head, gaps, goesOn: false, context.Cancellation);
    }
}
