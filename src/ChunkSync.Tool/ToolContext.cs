namespace ChunkSync.Tool;

/// <summary>What a command runs with.</summary>
/// <param name="Terminal">Where it reads and writes.</param>
/// <param name="Options">The options of all commands.</param>
/// <param name="Cancellation">Ends it.</param>
internal sealed record ToolContext(Terminal Terminal, GlobalOptions Options, CancellationToken Cancellation)
{
    /// <summary>So many rows of a result of any length are in memory and have columns of one width.</summary>
    private const int RowsOfTable = 500;

    /// <summary>The first database that the command opened, for failures of the engine that name none; null before.</summary>
    public string? Database { get; set; }

    /// <summary>Shows how far the command is.</summary>
    public ProgressOutput Progress { get; } = new(Terminal, Options, Cancellation);

    /// <summary>Writes a result, or one of several of a command that has a result per line, to standard output.</summary>
    /// <returns>The exit code that belongs to it.</returns>
    public ExitCode Write(CommandResult result)
    {
        if (Options.IsJson)
        {
            Terminal.Out.WriteLine(ToolJson.Text(result));
        }
        else
        {
            result.WriteText(new TextOutput(Terminal, Options));
        }

        return result.ToExitCode();
    }

    /// <summary>Writes results one in each line, as they come: as JSON objects, or as tables of many rows each.</summary>
    /// <param name="lines">The results.</param>
    /// <param name="columns">The names of the columns, as in <see cref="TextOutput.Table"/>.</param>
    /// <param name="cells">The cells of a result.</param>
    /// <returns>How many there were.</returns>
    public long WriteLines<T>(IEnumerable<T> lines, IReadOnlyList<string> columns, Func<T, IReadOnlyList<string>> cells)
        where T : CommandResult
    {
        long count = 0;
        List<IReadOnlyList<string>> rows = [];
        TextOutput output = new(Terminal, Options);
        try
        {
            foreach (T line in lines)
            {
                count++;
                if (Options.IsJson)
                {
                    Write(line);
                    continue;
                }

                rows.Add(cells(line));
                if (rows.Count == RowsOfTable)
                {
                    output.Table(columns, rows);
                    rows.Clear();
                }
            }
        }
        finally
        {
            // Those before a failure, too.
            if (rows.Count > 0)
            {
                output.Table(columns, rows);
            }
        }

        return count;
    }

    /// <summary>Says something about the way to the result, to standard error; nothing with <c>--quiet</c>.</summary>
    public void Note(string text)
    {
        if (!Options.IsQuiet)
        {
            Terminal.Error.WriteLine("chunksync: " + Printable.Of(text));
        }
    }
}
