using System.CommandLine;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary><c>status DB</c>: who and how a database is.</summary>
internal sealed class StatusCommand : ToolCommand
{
    private readonly Argument<string> database = DatabaseArgument();

    /// <summary>Makes it.</summary>
    public StatusCommand()
        : base("status", "Show site id, versions, checkpoints, tracked tables, what waits, senders and gaps") => Arguments.Add(database);

    /// <inheritdoc/>
    public override Task<ExitCode> RunAsync(ParseResult arguments, ToolContext context)
    {
        using DatabaseFile file = DatabaseFile.Open(arguments.GetRequiredValue(database), context);
        return Task.FromResult(context.Write(Read(file)));
    }

    /// <summary>Asks a database, which one transaction keeps as it is meanwhile.</summary>
    public static StatusResult Read(DatabaseFile file)
    {
        file.Run("BEGIN");
        TableStatus[] tables = [.. TrackedTable.Of(file).Select(table => TableStatus.Read(file, table))];
        SenderStatus[] senders = SenderStatus.Read(file.Sync.Gaps());
        StatusResult result = file.Rows("""
            SELECT site_id, db_version, seq, schema_hash, sites, apply_refused, schema_check, waiting, waiting_changes, waiting_bytes, waiting_oldest, fragments,
                check_dbversion, check_seq, send_dbversion FROM cloudsync_status
            """).Select(row => new StatusResult(
                file.Path, row.Site(0), row.Number(1), row.NumberOrNull(2), row.NumberOrNull(3), row.Number(4), row.Text(5), row.Text(6), row.Number(7), row.Number(8),
                row.Number(9), row.NumberOrNull(10), row.Number(11), row.Number(12), row.Number(13), row.Number(14), FileBytes(file), tables, senders))
            .First();
        file.Run("COMMIT");
        return result;
    }

    private static long FileBytes(DatabaseFile file) => file.Number("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
}
