using System.CommandLine;

namespace ChunkSync.Tool;

/// <summary><c>diff A B</c>: which rows and columns differ, and whose change wins.</summary>
internal sealed class DiffCommand : ToolCommand
{
    private readonly Argument<string> first = DatabaseArgument("A");
    private readonly Argument<string> second = DatabaseArgument("B");
    private readonly Option<string[]> tables = TableNames.Option();
    private readonly Option<int> limit = TableNames.Limit();
    private readonly Option<string?> payload = new("--payload") { Description = "Write what A has and B lacks to a file, as a payload", HelpName = "FILE" };

    /// <summary>Makes it.</summary>
    public DiffCommand()
        : base("diff", "Show which rows and columns of two databases differ, and whose change wins")
    {
        Arguments.Add(first);
        Arguments.Add(second);
        foreach (Option option in (Option[])[tables, limit, payload])
        {
            Options.Add(option);
        }
    }

    /// <inheritdoc/>
    public override async Task<ExitCode> RunAsync(ParseResult arguments, ToolContext context)
    {
        string left = arguments.GetRequiredValue(first);
        string right = arguments.GetRequiredValue(second);
        string? file = arguments.GetValue(payload);
        using DatabasePair pair = DatabasePair.Open(left, right, context);
        LackingChanges? lacking = file == null ? null : new LackingChanges(pair);
        List<DiffTable> compared =
            [.. TableNames.Choose(pair, arguments.GetValue(tables)).Select(table => DiffTable.Of(pair, table, arguments.GetValue(limit), lacking))];
        DiffPayload? written = lacking?.Encode() is (byte[] bytes, long changes) ? await WriteAsync(file!, bytes, changes, context) : null;
        return context.Write(new DiffResult(left, right, compared.TrueForAll(table => table.Differing == 0 && table.Obstacle == null), compared, written));
    }

    /// <summary>The file appears whole or not at all.</summary>
    private static async Task<DiffPayload> WriteAsync(string file, byte[] bytes, long changes, ToolContext context)
    {
        string part = file + ".part";
        try
        {
            await File.WriteAllBytesAsync(part, bytes, context.Cancellation);
            File.Move(part, file, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(ExitCode.InputOutput, file, failure.Message);
        }

        return new DiffPayload(file, changes, bytes.Length);
    }
}
