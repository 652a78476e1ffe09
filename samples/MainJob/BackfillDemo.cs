using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Spectre.Console;

namespace ChunkSync.Samples.MainJob;

/// <summary>Cuts tables into exact pieces, exports one of them with two connections at once, and fills the clocks of a copy in slices while
/// another connection writes.</summary>
internal sealed class BackfillDemo(Workspace source, string library)
{
    private const int ShownChunks = 6;

    private readonly SqliteConnection connection = source.Connection;

    /// <summary>The documentation database: by key, by an index with hot values, by bytes.</summary>
    public void RunOnDocumentation()
    {
        Sql.Run(connection, "CREATE INDEX members_kind ON members(kind, id)");
        Plan("members by id in 16 chunks", "tbl = 'members' AND order_by = 'sqlite_autoindex_members_1' AND chunks = 16");
        Plan("members by (kind, id), at most 5,000 rows", "tbl = 'members' AND order_by = 'members_kind' AND target_rows = 5000");
        Plan("files by 1 MiB", "tbl = 'files' AND target_bytes = 1048576");
        Export("members");
        new FillDemo(library).Run(source, "members", "id TEXT PRIMARY KEY NOT NULL, file TEXT, kind TEXT, summary TEXT, xml TEXT");
    }

    /// <summary>The largest table of a user's database.</summary>
    public void RunOnLargest()
    {
        string table = Largest();
        Plan($"{table} in 16 chunks", "tbl = $table AND chunks = 16", table);
        Export(table);
    }

    private void Plan(string title, string where, string table = "")
    {
        Table shown = new Table().RoundedBorder().Title(Markup.Escape(title)).AddColumns("chunk", "rows", "bytes", "from", "to", "how", "hot");
        Stopwatch watch = Stopwatch.StartNew();
        using SqliteCommand command = Command(connection,
            $"SELECT chunk_index, rows, bytes, lower, upper, strategy, hot FROM cloudsync_backfill_plan WHERE {where}", ("$table", table));
        using SqliteDataReader reader = command.ExecuteReader();
        long chunks = 0;
        long rows = 0;
        while (reader.Read())
        {
            rows += reader.GetInt64(1);
            if (chunks++ < ShownChunks)
            {
                shown.AddRow([.. Enumerable.Range(0, reader.FieldCount).Select(i => new Text(Shorten(reader, i)))]);
            }
        }

        if (chunks > ShownChunks)
        {
            shown.AddRow("…");
        }

        AnsiConsole.Write(shown);
        AnsiConsole.MarkupLineInterpolated($"{chunks:N0} chunks, {rows:N0} rows, {watch.Elapsed.TotalMilliseconds:F0} ms");
    }

    /// <summary>Two readers take the chunks in turns; what they have read together is the table.</summary>
    private void Export(string table)
    {
        List<string> pieces = [];
        using (SqliteCommand command = Command(connection,
            "SELECT source || ' WHERE ' || predicate FROM cloudsync_backfill_plan WHERE tbl = $table AND chunks = 32", ("$table", table)))
        using (SqliteDataReader reader = command.ExecuteReader())
        {
            while (reader.Read())
            {
                pieces.Add(reader.GetString(0));
            }
        }

        Stopwatch watch = Stopwatch.StartNew();
        int next = -1;
        (long Rows, ulong Sum)[] read = new (long, ulong)[2];
        Parallel.For(0, read.Length, worker =>
        {
            using SqliteConnection own = new(connection.ConnectionString);
            own.Open();
            for (int i = Interlocked.Increment(ref next); i < pieces.Count; i = Interlocked.Increment(ref next))
            {
                (long rows, ulong sum) = Checksum(own, pieces[i]);
                read[worker] = (read[worker].Rows + rows, unchecked(read[worker].Sum + sum));
            }
        });
        double seconds = watch.Elapsed.TotalSeconds;
        (long Rows, ulong Sum) all = (read.Sum(part => part.Rows), unchecked(read[0].Sum + read[1].Sum));
        (long Rows, ulong Sum) whole = Checksum(connection, "\"" + table.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"");
        if (all != whole)
        {
            throw new InvalidOperationException($"the pieces of {table} have {all.Rows} rows, the table has {whole.Rows}, or their values differ");
        }

        AnsiConsole.MarkupLineInterpolated(
            $"[green]equal[/]: {pieces.Count} pieces, read by two connections ({read[0].Rows:N0} and {read[1].Rows:N0} rows, {seconds:F2} s), and table {table}");
    }

    /// <summary>The number of rows and a sum of their hashes, which their order does not change.</summary>
    private static (long Rows, ulong Sum) Checksum(SqliteConnection database, string from)
    {
        using SqliteCommand command = Command(database, "SELECT * FROM " + from);
        using SqliteDataReader reader = command.ExecuteReader();
        long rows = 0;
        ulong sum = 0;
        while (reader.Read())
        {
            ulong hash = 14695981039346656037;
            for (int i = 0; i < reader.FieldCount; i++)
            {
                foreach (char letter in reader.IsDBNull(i) ? "\u0001" : Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture)! + '\0')
                {
                    hash = unchecked((hash ^ letter) * 1099511628211);
                }
            }

            rows++;
            sum = unchecked(sum + hash);
        }

        return (rows, sum);
    }

    private string Largest()
    {
        using SqliteCommand names = Command(connection, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            + " AND name NOT LIKE 'cloudsync\\_%' ESCAPE '\\' AND name NOT LIKE '%\\_cloudsync%' ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL%'");
        List<(string Name, long Rows)> tables = [];
        using SqliteDataReader reader = names.ExecuteReader();
        while (reader.Read())
        {
            using SqliteCommand count = Command(connection, $"SELECT count(*) FROM \"{reader.GetString(0).Replace("\"", "\"\"", StringComparison.Ordinal)}\"");
            tables.Add((reader.GetString(0), (long)count.ExecuteScalar()!));
        }

        return tables.Count > 0 ? tables.MaxBy(table => table.Rows).Name : throw new InvalidOperationException("the database has no table");
    }

    private static SqliteCommand Command(SqliteConnection database, string sql, params (string Name, object Value)[] parameters)
    {
        SqliteCommand command = database.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object value) in parameters.Where(parameter => sql.Contains(parameter.Name, StringComparison.Ordinal)))
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }

    private static string Shorten(SqliteDataReader reader, int column)
    {
        const int Longest = 40;
        string text = reader.IsDBNull(column) ? "" : Convert.ToString(reader.GetValue(column), CultureInfo.InvariantCulture)!;
        return text.Length <= Longest ? text : text[..(Longest - 1)] + "…";
    }
}
