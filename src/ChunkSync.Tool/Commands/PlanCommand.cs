using System.CommandLine;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary><c>plan DB</c>: what a send would be. No payload is built.</summary>
internal sealed class PlanCommand : ToolCommand
{
    private readonly Argument<string> database = DatabaseArgument();
    private readonly WindowOptions window = new();

    /// <summary>Makes it.</summary>
    public PlanCommand()
        : base("plan", "Show what a send would be: chunks, changes, bytes, parts of long values")
    {
        Arguments.Add(database);
        window.AddTo(this);
    }

    /// <inheritdoc/>
    public override async Task<ExitCode> RunAsync(ParseResult arguments, ToolContext context)
    {
        using DatabaseFile file = DatabaseFile.Open(arguments.GetRequiredValue(database), context);
        return context.Write(await ReadAsync(file, window.Window(arguments), window.ChunkSize(arguments)));
    }

    /// <summary>Plans a window.</summary>
    public static async Task<PlanResult> ReadAsync(DatabaseFile file, ChunkWindow window, int? chunkSize)
    {
        file.Run("BEGIN");
        SendPlan plan = await file.Sync.PlanAsync(window, new ReadOptions { MaxChunkSize = chunkSize }, file.Context.Cancellation);
        List<ChunkContents> contents = ChunkContents.Read(file, window, plan);
        PlannedChunkLine[] layout = [.. plan.Chunks.Select((chunk, i) => new PlannedChunkLine(
            chunk.Index, chunk.Rows, chunk.DbVersionMin, chunk.DbVersionMax, chunk.From, chunk.Next, chunk.Bytes, chunk.IsFinal,
            chunk.Fragment is ChunkFragment part ? new PlannedPart(contents[i].Column, part.Part, part.Parts) : null, contents[i].Tables))];
        file.Run("COMMIT");
        return new PlanResult(plan.Chunks.Count, plan.Rows, plan.Bytes, plan.Watermark, layout);
    }
}
