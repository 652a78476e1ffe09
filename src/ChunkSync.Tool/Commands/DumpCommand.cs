using System.CommandLine;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary><c>dump PAYLOAD</c>: a payload's header and changes.</summary>
internal sealed class DumpCommand : ToolCommand
{
    private static readonly string[] Columns = ["table", "key", "column", "value", ">version", ">db_version", ">seq", ">cl", "site"];

    private readonly Argument<string> payload = new("PAYLOAD") { Description = "A file with a payload, or with an envelope; - for standard input" };
    private readonly Option<bool> headerOnly = new("--header") { Description = "Only the header" };
    private readonly Option<bool> hex = new("--hex") { Description = "Show text as its bytes" };

    /// <summary>Makes it.</summary>
    public DumpCommand()
        : base("dump", "Show a payload: its header, then one line per change")
    {
        Arguments.Add(payload);
        Options.Add(headerOnly);
        Options.Add(hex);
    }

    /// <inheritdoc/>
    public override async Task<ExitCode> RunAsync(ParseResult arguments, ToolContext context)
    {
        string path = arguments.GetRequiredValue(payload);
        byte[] bytes = await PayloadFile.ReadAsync(path, context);
        string what = path == "-" ? "standard input" : path;
        ChunkEnvelope? envelope = PayloadFile.Envelope(bytes, what);
        using DatabaseFile memory = DatabaseFile.InMemory(context);
        byte[] inner = envelope?.Payload.ToArray() ?? bytes;
        try
        {
            DumpedHeader header = DumpedHeader.Read(inner, envelope);
            context.Write(header);
            if (!arguments.GetValue(headerOnly))
            {
                context.WriteLines(DumpedChange.Read(memory, inner), Columns, line => line.Cells(arguments.GetValue(hex)));
            }
        }
        catch (ToolException failure) when (failure.Code is ExitCode.Database)
        {
            throw new ToolException(ExitCode.Refused, what, failure.Cause, "get the payload again from who sent it");
        }

        return ExitCode.Done;
    }
}
