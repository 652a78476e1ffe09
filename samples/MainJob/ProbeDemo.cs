using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Spectre.Console;

namespace ChunkSync.Samples.MainJob;

/// <summary>Takes one namespace of the API documentation out of its stored chunks, and then everything else, into an empty replica; counts what
/// had to be opened, beside reading all rows.</summary>
internal sealed class ProbeDemo(Workspace source, string library, string space)
{
    private const int ChunkSize = 262_144;
    private const string Totals =
        "sum(rows), count(*), max(chunks_seen), max(chunks_opened), max(chunks_passed), max(bytes_read), sum(passed_through)";

    private readonly SqliteConnection connection = source.Connection;

    public void Run()
    {
        Stage();
        using Workspace replica = Workspace.Empty(library);
        Documentation.Create(replica.Connection);
        Table table = new Table().RoundedBorder().AddColumns("", "chunks", "skipped", "opened", "passed", "MB read", "of", "changes", "ms");
        AddRead(table);
        AddProbe(table, $"members of {space}", invert: 0, replica.Connection);
        Compare(replica.Connection, InNamespace, "members of " + space);
        AddProbe(table, "everything else", invert: 1, replica.Connection);
        AnsiConsole.Write(table);
        Compare(replica.Connection, "$space IS NOT NULL", "all members");
    }

    private const string InNamespace =
        "substr(id, instr(id, '|') + 1) LIKE '_:' || $space || '.%' OR substr(id, instr(id, '|') + 1) = 'T:' || $space";

    /// <summary>All chunks with their indexes in a table, as a server would keep them.</summary>
    private void Stage()
    {
        Stopwatch watch = Stopwatch.StartNew();
        Sql.Run(connection, "CREATE TABLE staged(chunk_index INTEGER PRIMARY KEY, payload_index BLOB, payload BLOB NOT NULL)");
        Sql.Run(connection, "INSERT INTO staged SELECT chunk_index, cloudsync_payload_index(payload, 2), payload"
            + $" FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_chunk_size = {ChunkSize}");
        Sql.Run(connection, "CREATE TABLE wanted AS SELECT cloudsync_probe_set('entity', 'members', cloudsync_pk_encode(id)) AS probes"
            + $" FROM members WHERE {InNamespace}", ("$space", space));
        object?[] size = Row(connection, "SELECT count(*), sum(length(payload)), sum(length(payload_index)) FROM staged");
        AnsiConsole.MarkupLineInterpolated(
            $"Staged {size[0]} chunks, {Megabytes(size[1])} MB with {Megabytes(size[2])} MB of indexes, in {watch.Elapsed.TotalSeconds:F1} s.");
    }

    /// <summary>What one would do without probes: read every row of every chunk.</summary>
    private void AddRead(Table table)
    {
        Stopwatch watch = Stopwatch.StartNew();
        object?[] row = Row(connection, "SELECT count(*), (SELECT count(*) FROM staged), (SELECT sum(length(payload)) FROM staged)"
            + " FROM staged AS s, cloudsync_payload_rows(s.payload) AS r WHERE r.tbl IS NOT NULL AND r.pk IS NOT NULL");
        table.AddRow("reading all rows", Text(row[1]), "0", Text(row[1]), "0", Megabytes(row[2]), Megabytes(row[2]), Text(row[0]),
            watch.Elapsed.TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture));
    }

    private void AddProbe(Table table, string name, int invert, SqliteConnection replica)
    {
        const string Source = "FROM cloudsync_payload_probe WHERE source = 'staged' AND probes = (SELECT probes FROM wanted) AND invert = $invert";
        Stopwatch watch = Stopwatch.StartNew();
        object?[] row = Row(connection, $"SELECT {Totals}, (SELECT count(*) FROM staged), (SELECT sum(length(payload)) FROM staged),"
            + $" sum(payload_size) {Source}", ("$invert", invert));
        double milliseconds = watch.Elapsed.TotalMilliseconds;
        long skipped = (long)row[7]! - Number(row[3]) - Number(row[4]);
        table.AddRow(name, Text(row[7]), Text(Math.Max(0, skipped)), Text(row[3]), Text(row[4]), Megabytes(row[5]), Megabytes(row[8]), Text(row[0]),
            milliseconds.ToString("F0", CultureInfo.InvariantCulture));
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT payload " + Source;
        command.Parameters.AddWithValue("$invert", invert);
        using SqliteDataReader pages = command.ExecuteReader();
        while (pages.Read())
        {
            // The 0: a filtered payload must not move the checkpoint.
            Sql.Run(replica, "SELECT cloudsync_payload_apply($payload, 0)", ("$payload", pages.GetValue(0)));
        }
    }

    /// <summary>Compares the members of both databases, column by column, byte for byte.</summary>
    private void Compare(SqliteConnection replica, string where, string what)
    {
        using SqliteCommand here = Members(connection, where);
        using SqliteCommand there = Members(replica, where);
        using SqliteDataReader left = here.ExecuteReader();
        using SqliteDataReader right = there.ExecuteReader();
        int rows = 0;
        bool more = true;
        while (more)
        {
            more = left.Read();
            bool same = more == right.Read();
            for (int i = 0; same && more && i < left.FieldCount; i++)
            {
                same = Equals(left.GetValue(i), right.GetValue(i));
            }

            if (!same)
            {
                throw new InvalidOperationException($"{what} differ behind row {rows}");
            }

            rows += more ? 1 : 0;
        }

        AnsiConsole.MarkupLineInterpolated($"[green]equal[/] in both databases: {what} ({rows:N0})");
    }

    private SqliteCommand Members(SqliteConnection database, string where)
    {
        SqliteCommand command = database.CreateCommand();
        command.CommandText = $"SELECT id, file, kind, summary, xml FROM members WHERE {where} ORDER BY id";
        command.Parameters.AddWithValue("$space", space);
        return command;
    }

    private static object?[] Row(SqliteConnection connection, string sql, params (string Name, object Value)[] parameters)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object value) in parameters.Where(parameter => sql.Contains(parameter.Name, StringComparison.Ordinal)))
        {
            command.Parameters.AddWithValue(name, value);
        }

        using SqliteDataReader reader = command.ExecuteReader();
        reader.Read();
        return [.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : reader.GetValue(i))];
    }

    private static long Number(object? value) => value is long number ? number : 0;

    private static string Text(object? value) => Number(value).ToString("N0", CultureInfo.InvariantCulture);

    private static string Megabytes(object? bytes) => (Number(bytes) / 1e6).ToString("F2", CultureInfo.InvariantCulture);
}
