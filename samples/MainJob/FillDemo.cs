using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Spectre.Console;

namespace ChunkSync.Samples.MainJob;

/// <summary>A table that has rows already gets its clocks: by <c>cloudsync_init</c> in one transaction, and in slices; how long does another
/// connection wait that wants to write meanwhile?</summary>
internal sealed class FillDemo(string library)
{
    private const int Slice = 500;
    private const int Pause = 5;

    public void Run(Workspace source, string table, string columns)
    {
        using Workspace once = Copy(source, table, columns);
        Stopwatch watch = Stopwatch.StartNew();
        Sql.Run(once.Connection, $"SELECT cloudsync_init('{table}')");
        double init = watch.Elapsed.TotalMilliseconds;

        using Workspace sliced = Copy(source, table, columns);
        (double fill, double longest, int writes, long slices) = Fill(sliced.Connection, table);
        AnsiConsole.MarkupLineInterpolated(
            $"[green]filled[/] in {slices:N0} slices of {Slice} rows: {fill:F0} ms, cloudsync_init in one go {init:F0} ms. Another connection wrote {writes:N0} times meanwhile and waited {longest:F0} ms at most.");
    }

    private Workspace Copy(Workspace source, string table, string columns)
    {
        Workspace copy = Workspace.Empty(library);
        Sql.Run(copy.Connection, $"PRAGMA journal_mode = WAL; CREATE TABLE {table}({columns})");
        Sql.Run(copy.Connection, "ATTACH $file AS source", ("$file", source.Connection.DataSource));
        Sql.Run(copy.Connection, $"INSERT INTO main.{table} SELECT * FROM source.{table}; DETACH source");
        return copy;
    }

    private (double Fill, double Longest, int Writes, long Slices) Fill(SqliteConnection connection, string table)
    {
        Sql.Run(connection, $"SELECT cloudsync_backfill_begin('{table}')");
        using CancellationTokenSource end = new();
        Task<(double Longest, int Writes)> writer = Task.Run(() => Write(connection.ConnectionString, table, end.Token));
        Stopwatch watch = Stopwatch.StartNew();
        long slices = 0;
        using SqliteCommand step = connection.CreateCommand();
        step.CommandText = $"SELECT cloudsync_backfill_step('{table}', {Slice})";
        while ((long)step.ExecuteScalar()! > 0)
        {
            slices++;
            Thread.Sleep(Pause); // others may write now
        }

        double fill = watch.Elapsed.TotalMilliseconds;
        end.Cancel();
        (double longest, int writes) = writer.GetAwaiter().GetResult();
        return (fill, longest, writes, slices);
    }

    private (double Longest, int Writes) Write(string database, string table, CancellationToken end)
    {
        using SqliteConnection own = new(database);
        own.Open();
        own.EnableExtensions();
        own.LoadExtension(library);
        Sql.Run(own, "PRAGMA busy_timeout = 10000; PRAGMA synchronous = OFF");
        double longest = 0;
        int writes = 0;
        while (!end.IsCancellationRequested)
        {
            Stopwatch watch = Stopwatch.StartNew();
            using SqliteTransaction transaction = own.BeginTransaction(deferred: false);
            using SqliteCommand update = own.CreateCommand();
            update.Transaction = transaction;
            update.CommandText = $"UPDATE {table} SET summary = $text WHERE rowid = $row";
            update.Parameters.AddWithValue("$text", "written " + writes);
            update.Parameters.AddWithValue("$row", 1 + (writes * 97));
            update.ExecuteNonQuery();
            transaction.Commit();
            longest = Math.Max(longest, watch.Elapsed.TotalMilliseconds);
            writes++;
            Thread.Sleep(2);
        }

        return (longest, writes);
    }
}
