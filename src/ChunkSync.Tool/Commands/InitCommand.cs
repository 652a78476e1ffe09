using System.CommandLine;

namespace ChunkSync.Tool;

/// <summary><c>init DB TABLE…</c>: tracks tables, all or none; without a table it says which could be.</summary>
internal sealed class InitCommand : ToolCommand
{
    private const string Slice = "1000";

    private readonly Argument<string> database = DatabaseArgument();

    private readonly Argument<string[]> tables = new("TABLE")
    {
        Description = "The tables to track; without one the command says which could be, and why others not",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string> algorithm = new Option<string>("--algo")
    {
        Description = "The CRDT: cls, or gos for tables that only grow",
        DefaultValueFactory = _ => "cls",
    }.AcceptOnlyFromAmong("cls", "gos");

    private readonly Option<bool> integerKey = new("--allow-integer-key") { Description = "Take a key of one INTEGER column, which two devices can both give out" };
    private readonly Option<bool> notNull = new("--allow-not-null") { Description = "Take columns that are NOT NULL without a DEFAULT" };
    private readonly Option<bool> collation = new("--allow-collation") { Description = "Take key columns with another collation than BINARY" };
    private readonly Option<string?> filter = new("--filter") { Description = "Track only rows that match an expression over the table's columns", HelpName = "EXPR" };
    private readonly Option<bool> sliced = new("--sliced") { Description = "Capture the rows that are there in short transactions, with others writing in between" };

    /// <summary>Makes it.</summary>
    public InitCommand()
        : base("init", "Track tables")
    {
        Arguments.Add(database);
        Arguments.Add(tables);
        foreach (Option option in (Option[])[algorithm, integerKey, notNull, collation, filter, sliced])
        {
            Options.Add(option);
        }

        Validators.Add(result =>
        {
            if (result.GetResult(filter) is { Implicit: false } && result.GetValue(tables) is not { Length: 1 })
            {
                result.AddError("--filter is about the columns of one table: name one");
            }
        });
    }

    /// <inheritdoc/>
    public override async Task<ExitCode> RunAsync(ParseResult arguments, ToolContext context)
    {
        // Names as SQLite compares them: who names a table twice means it once.
        string[] names = [.. (arguments.GetValue(tables) ?? []).DistinctBy(Names.Folded, StringComparer.Ordinal)];
        using DatabaseFile file = DatabaseFile.OpenAny(arguments.GetRequiredValue(database), context, isWritable: names.Length > 0);
        TableRules rules = new(
            arguments.GetRequiredValue(algorithm), arguments.GetValue(integerKey), arguments.GetValue(notNull), arguments.GetValue(collation));
        if (names.Length == 0)
        {
            return context.Write(TrackableTables.Read(file, rules));
        }

        string? expression = arguments.GetValue(filter);
        if (arguments.GetValue(sliced))
        {
            foreach (string name in names)
            {
                await FillAsync(file, name, rules, expression, context);
            }
        }
        else
        {
            Track(file, names, rules, expression);
        }

        return context.Write(TrackableTables.Tracked(file, names));
    }

    /// <summary>All or none.</summary>
    private static void Track(DatabaseFile file, string[] names, TableRules rules, string? expression)
    {
        file.Run("BEGIN IMMEDIATE");
        foreach (string name in names)
        {
            Call(file, "cloudsync_init", name, rules);
            Filter(file, name, expression);
        }

        file.Run("COMMIT");
    }

    /// <summary>Begins a fill, or goes on with one, and ends it.</summary>
    private static async Task FillAsync(DatabaseFile file, string name, TableRules rules, string? expression, ToolContext context)
    {
        file.Run("BEGIN IMMEDIATE");
        Call(file, "cloudsync_backfill_begin", name, rules);
        Filter(file, name, expression);
        file.Run("COMMIT");
        await context.Progress.RunRowsAsync("filling " + Printable.Of(name), report =>
        {
            while (true)
            {
                (long done, long total) = file.Rows("SELECT rows_done, rows_total FROM cloudsync_backfill_progress WHERE tbl = ?1 COLLATE NOCASE", name)
                    .Select(row => (row.Number(0), row.Number(1))).FirstOrDefault();
                report(done, Math.Max(total, done));
                if (file.Number($"SELECT cloudsync_backfill_step(?1, {Slice})", name) == 0)
                {
                    report(Math.Max(total, done), Math.Max(total, done));
                    return Task.FromResult(true);
                }
            }
        });
    }

    private static void Call(DatabaseFile file, string function, string name, TableRules rules)
    {
        try
        {
            file.Run($"SELECT {function}(?1, ?2, ?3)", name, rules.Algorithm, rules.Flags);
        }
        catch (ToolException failure) when (failure.Code == ExitCode.Database)
        {
            throw new ToolException(ExitCode.Database, $"{file.Path}: {name}", failure.Cause, TableRules.Cure(failure.Cause));
        }
    }

    private static void Filter(DatabaseFile file, string name, string? expression)
    {
        if (expression == null)
        {
            return;
        }

        try
        {
            file.Run("SELECT cloudsync_set_filter(?1, ?2)", name, expression);
        }
        catch (ToolException failure) when (failure.Code == ExitCode.Database)
        {
            throw new ToolException(ExitCode.Usage, "--filter " + expression, failure.Cause, $"give an expression over the columns of {name}");
        }
    }
}
