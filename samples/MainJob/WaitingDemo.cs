using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Spectre.Console;

namespace ChunkSync.Samples.MainJob;

/// <summary>Three copies of a database with constraints, one of them of a newer schema, write at once what does not fit together. What can be arranged is
/// arranged in the call that brings it, the rest waits, is named by the findings, and lands behind one repair and one upgrade.</summary>
/// <param name="library">The native library.</param>
/// <param name="members">At most so many members of the documentation.</param>
internal sealed class WaitingDemo(string library, int members)
{
    private const int Versions = 20;
    private const int MostEdits = 300;
    private const int Deletions = 3;
    private const int ShownFindings = 12;
    private const int Seed = 7;
    private const string NewColumn = "added_in_v2";

    private readonly Random random = new(Seed);
    private readonly List<Replica> replicas = [];
    private string[] upgrade = ConstrainedDocumentation.Upgrade;

    /// <summary>Runs on the documentation, or on a copy of a database; whether the copies were equal in the end.</summary>
    public bool Run(string? database)
    {
        try
        {
            if (database == null)
            {
                MakeDocumentation();
            }
            else
            {
                MakeCopies(database);
            }

            foreach (Replica replica in replicas)
            {
                Sql.Run(replica.Connection, "PRAGMA foreign_keys = ON");
                Sql.Run(replica.Connection, "SELECT cloudsync_set('conflict_log', 100000)");
            }

            return Run(TableInfo.Of(replicas[0].Connection), isDocumentation: database == null);
        }
        finally
        {
            replicas.ForEach(replica => replica.Dispose());
        }
    }

    private bool Run(List<TableInfo> tables, bool isDocumentation)
    {
        Edits edits = Write(tables, isDocumentation);
        Exchange exchange = new(replicas, random, Versions);
        Stopwatch watch = Stopwatch.StartNew();
        exchange.Run();
        AnsiConsole.MarkupLineInterpolated(
            $"Exchanged {exchange.Delivered:N0} chunks in random order in {watch.Elapsed.TotalSeconds:F1} s: {exchange.Lost:N0} were lost and asked for again, {exchange.Repeated:N0} came twice.");
        Report("after the exchange");
        Waiting();
        HashSet<string> told = [];
        replicas.ForEach(replica => Findings(replica, told));

        foreach (TableInfo table in tables.Where(table => edits.Repaired.ContainsKey(table.Name)))
        {
            Say(replicas[1], edits.Repair(table));
        }

        exchange.Run();
        foreach (Replica replica in replicas.Take(2))
        {
            foreach (string statement in upgrade)
            {
                Say(replica, statement);
            }
        }

        exchange.Run();
        foreach (Replica replica in replicas)
        {
            long landed = Sql.Number(replica.Connection, "SELECT cloudsync_waiting_retry()");
            AnsiConsole.MarkupLineInterpolated($"{replica.Name}> SELECT cloudsync_waiting_retry()   -- {landed:N0}");
        }

        exchange.Run();
        Report("in the end");
        Waiting();
        return Compare();
    }

    private void MakeDocumentation()
    {
        Stopwatch watch = Stopwatch.StartNew();
        Workspace[] made = [Workspace.Empty(library), Workspace.Empty(library), Workspace.Empty(library)];
        ConstrainedDocumentation.Create(made[0].Connection, withCheck: true);
        ConstrainedDocumentation.Create(made[1].Connection, withCheck: false);
        ConstrainedDocumentation.CreateNext(made[2].Connection);
        replicas.AddRange([new Replica("copy 1", made[0]), new Replica("copy 2", made[1]), new Replica("copy 3 (v2)", made[2])]);
        ConstrainedDocumentation.Import(made[0].Connection, members);
        foreach (Chunk chunk in replicas[0].Send(long.MaxValue))
        {
            replicas[1].Receive(chunk);
            replicas[2].Receive(chunk);
        }

        long rows = Sql.Number(made[2].Connection, "SELECT count(*) FROM members");
        AnsiConsole.MarkupLineInterpolated(
            $"Three copies of {rows:N0} documented members, unique by (file, name), each referring to its file, in {watch.Elapsed.TotalSeconds:F1} s. Copy 1 has a CHECK that the others lack, copy 3 a column more and another column order.");
    }

    private void MakeCopies(string database)
    {
        replicas.Add(new Replica("copy 1", Workspace.FromCopy(library, database)));
        List<TableInfo> tables = TableInfo.Of(replicas[0].Connection);
        if (tables.Count == 0)
        {
            throw new InvalidOperationException("none of the tables can be tracked, so there is nothing to exchange");
        }

        replicas.Add(replicas[0].Copy("copy 2", library, isEmpty: true));
        replicas.Add(replicas[0].Copy("copy 3 (v2)", library, isEmpty: true));
        string largest = tables.MaxBy(table => Sql.Number(replicas[0].Connection, "SELECT count(*) FROM " + Sql.Quote(table.Name)))!.Name;
        string text = "'" + largest.Replace("'", "''", StringComparison.Ordinal) + "'";
        upgrade =
        [
            $"SELECT cloudsync_begin_alter({text})", $"ALTER TABLE {Sql.Quote(largest)} ADD COLUMN {NewColumn} INTEGER DEFAULT 0",
            $"SELECT cloudsync_commit_alter({text})",
        ];
        foreach (string statement in upgrade)
        {
            Sql.Run(replicas[2].Connection, statement);
        }

        AnsiConsole.MarkupLineInterpolated($"Three copies; copy 3 has a column more in {largest}.");
    }

    /// <summary>Everybody writes: swaps, the same names twice, the same cells, what only one refuses, deletions of what others refer to.</summary>
    private Edits Write(List<TableInfo> tables, bool isDocumentation)
    {
        foreach (Replica replica in replicas)
        {
            replica.Begin(replicas);
        }

        Edits edits = new(random);
        foreach (TableInfo table in tables)
        {
            int amount = (int)Math.Clamp(Sql.Number(replicas[0].Connection, "SELECT count(*) FROM " + Sql.Quote(table.Name)) / 50, 1, MostEdits);
            for (int i = 0; i < amount; i++)
            {
                table.Unique.ForEach(columns => edits.Swap(replicas[i % replicas.Count], table, columns));
                if (i % 8 == 0)
                {
                    table.Unique.ForEach(columns => edits.Collide(replicas[0], replicas[1], table, columns));
                }

                if (i % 4 == 0 && table.Plain.Length > 0)
                {
                    edits.Overwrite([replicas[0], replicas[2]], table, table.Plain[^1]);
                }

                WriteNext(edits, table, isDocumentation, i);
            }
        }

        foreach (TableInfo table in tables)
        {
            for (int i = 0; i < Deletions; i++)
            {
                table.References.Where(reference => !table.Key.Contains(reference.Column)).ToList().ForEach(reference => edits.Orphan(replicas[0], replicas[1], table, reference));
            }
        }

        AnsiConsole.MarkupLineInterpolated(
            $"Written at once: {string.Join(", ", edits.Counts.Select(pair => $"{pair.Value:N0} {pair.Key}"))}.");
        return edits;
    }

    /// <summary>What only one copy refuses, and what only one copy knows.</summary>
    private void WriteNext(Edits edits, TableInfo table, bool isDocumentation, int turn)
    {
        if (isDocumentation && table.Name == "members" && turn % 8 == 0 && edits.Take(replicas[1], table) is object?[] noted)
        {
            edits.Take(replicas[1], table, ["summary"], noted, "summaries that copy 1 refuses", [ConstrainedDocumentation.Note + " " + turn]);
        }

        string column = isDocumentation ? "stars" : NewColumn;
        bool isAltered = Sql.Number(replicas[2].Connection,
            "SELECT count(*) FROM pragma_table_info($t) WHERE name = $c", ("$t", table.Name), ("$c", column)) > 0;
        if (isAltered && edits.Take(replicas[2], table) is object?[] starred)
        {
            edits.Try(replicas[2], "values of the new column", () => Sql.Run(replicas[2].Connection,
                $"UPDATE {Sql.Quote(table.Name)} SET {column} = $n WHERE {table.Where}", [.. TableInfo.Bind(starred), ("$n", 1 + turn)]));
        }
    }

    private void Report(string when)
    {
        Table shown = new Table().RoundedBorder().Title(when)
            .AddColumns("", "changes received", "rows set aside", "arranged in the call", "rows waiting", "conflicts");
        foreach (Replica replica in replicas)
        {
            List<object?[]> reasons = Sql.Rows(replica.Connection, "SELECT count(*), reason FROM cloudsync_waiting GROUP BY reason ORDER BY reason");
            string waiting = reasons.Count == 0 ? "0" : string.Join("\n", reasons.Select(reason => $"{Number(reason[0])} {reason[1]}"));
            shown.AddRow(replica.Name, Number(replica.Received), Number(replica.SetAside), Number(replica.Arranged), waiting,
                Number(Sql.Number(replica.Connection, "SELECT count(*) FROM cloudsync_conflicts")));
        }

        AnsiConsole.Write(shown);
    }

    /// <summary>One row of each kind that waits.</summary>
    private void Waiting()
    {
        foreach (Replica replica in replicas)
        {
            foreach (object?[] row in Sql.Rows(replica.Connection,
                "SELECT tbl, key, columns, text, min(since) FROM cloudsync_waiting WHERE reason <> 'column' GROUP BY tbl, reason, text ORDER BY 1, 4"))
            {
                AnsiConsole.MarkupLineInterpolated($"[yellow]waits[/] in {replica.Name}: {row[0]} {Shorten(row[1])}, {row[2]}: {row[3]}");
            }
        }
    }

    /// <summary>What cloudsync_check says, without what another copy has said already.</summary>
    private static void Findings(Replica replica, HashSet<string> told)
    {
        List<object?[]> findings = Sql.Rows(replica.Connection, "SELECT id, severity, tbl, n, text, cure FROM cloudsync_check");
        List<object?[]> further = [.. findings.Where(row => told.Add($"{row[0]} {row[2]} {row[4]}"))];
        int known = findings.Count - further.Count;
        AnsiConsole.MarkupLineInterpolated(
            $"{replica.Name}> SELECT * FROM cloudsync_check   -- {findings.Count:N0} findings{(known > 0 ? $", {known:N0} of them as above" : "")}");
        foreach (object?[] row in further.Take(ShownFindings))
        {
            AnsiConsole.MarkupLineInterpolated($"  {row[0]} {row[1],-7} {row[2]}, {row[3]}: {Shorten(row[4])}");
            if (row[5] != null)
            {
                AnsiConsole.MarkupLineInterpolated($"      cure: [green]{Shorten(row[5])}[/]");
            }
        }
    }

    private static void Say(Replica replica, string statement)
    {
        using SqliteCommand command = Sql.Command(replica.Connection, statement);
        int changed = command.ExecuteNonQuery();
        AnsiConsole.MarkupLineInterpolated($"{replica.Name}> {statement}{(statement.StartsWith("UPDATE", StringComparison.Ordinal) ? $"   -- {changed:N0} rows" : "")}");
    }

    private bool Compare()
    {
        List<TableInfo> tables = TableInfo.Of(replicas[0].Connection);
        long rows = 0;
        string? difference = RowComparison.Difference(replicas[0], replicas[1], tables, ref rows)
            ?? RowComparison.Difference(replicas[0], replicas[2], tables, ref rows);
        long waiting = replicas.Sum(replica => Sql.Number(replica.Connection, "SELECT count(*) FROM cloudsync_waiting"));
        if (difference == null && waiting == 0)
        {
            AnsiConsole.MarkupLineInterpolated($"equal: [green]yes[/] ({rows / 2:N0} rows of {tables.Count} tables, column by column, in three copies; nothing waits)");
            return true;
        }

        AnsiConsole.MarkupLineInterpolated($"equal: [red]no[/] ({difference ?? "no row differs"}; {waiting:N0} rows wait)");
        return false;
    }

    private static string Number(object? value) => Convert.ToInt64(value, CultureInfo.InvariantCulture).ToString("N0", CultureInfo.InvariantCulture);

    private static string Shorten(object? value)
    {
        const int Longest = 160;
        string text = Convert.ToString(value, CultureInfo.InvariantCulture)!.ReplaceLineEndings(" ");
        return text.Length <= Longest ? text : text[..(Longest - 1)] + "…";
    }
}
