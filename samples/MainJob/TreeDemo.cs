using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Spectre.Console;

namespace ChunkSync.Samples.MainJob;

/// <summary>Two replicas of an outline are edited at once; the operations come in any order and some twice. Counts how late they came and what
/// that cost, and what the same edits make of a table whose columns are synced one by one.</summary>
/// <param name="library">The native library.</param>
internal sealed class TreeDemo(string library)
{
    private const int Versions = 20;
    private static readonly int[] Rounds = [20, 80, 400, 1500];
    private const int Seed = 11;
    private const int OneEditIn = 5;
    private const string Shown = "N:System.IO";

    private readonly Random random = new(Seed);
    private readonly Dictionary<Replica, Lateness> late = [];
    private readonly List<Replica> trees = [];
    private readonly List<Replica> plain = [];
    private TimeSpan edited;
    private TimeSpan exchanged;
    private Exchange? sent;
    private Outline outline = Outline.Documentation;

    /// <summary>Runs on the documentation.</summary>
    /// <param name="members">At most so many members of it.</param>
    /// <returns>Whether both trees were equal in the end.</returns>
    public bool RunOnDocumentation(int members) => Run(() =>
    {
        Workspace first = Workspace.Empty(library);
        trees.Add(new Replica("replica 1", first));
        Outline.Import(first.Connection, members);
    });

    /// <summary>Runs on a copy of a user's table.</summary>
    public bool RunOn(string database, string table, string parent) => Run(() =>
    {
        Workspace first = Workspace.CopyOf(library, database);
        trees.Add(new Replica("replica 1", first));
        outline = Outline.Of(first.Connection, table, parent);
        Sql.Run(first.Connection, "SELECT cloudsync_init($t, 'cls', 3)", ("$t", table));
    });

    private bool Run(Action make)
    {
        try
        {
            Stopwatch watch = Stopwatch.StartNew();
            make();
            long rows = Sql.Number(trees[0].Connection, "SELECT count(*) FROM " + Sql.Quote(outline.Table));
            plain.Add(trees[0].Copy("columns 1", library, isEmpty: false));
            plain.Add(trees[0].Copy("columns 2", library, isEmpty: false));
            long operations = Sql.Number(trees[0].Connection, "SELECT cloudsync_tree_init($t, $p, $o)",
                ("$t", outline.Table), ("$p", outline.Parent), ("$o", outline.Position));
            trees.Add(trees[0].Copy("replica 2", library, isEmpty: false));
            AnsiConsole.MarkupLineInterpolated(
                $"An outline of {rows:N0} nodes, {operations:N0} operations for what was there, two replicas, in {watch.Elapsed.TotalSeconds:F1} s.");
            OutlineView before = new(trees[0], outline);
            Begin();
            TreeEdits edits = new(outline, trees, plain, random);
            foreach (int amount in Rounds)
            {
                watch.Restart();
                Edit(edits, amount, (int)Math.Min(amount, 1 + (rows / OneEditIn)));
                edited += watch.Elapsed;
                watch.Restart();
                Send();
                exchanged += watch.Elapsed;
            }

            AnsiConsole.MarkupLineInterpolated(
                $"Edited at once, in {Rounds.Length} rounds and {edited.TotalSeconds:F1} s: {string.Join(", ", edits.Counts.Select(pair => $"{pair.Value:N0} {pair.Key}"))}.");
            Report();
            Columns();
            OutlineView after = new(trees[0], outline);
            object? shown = before.Has(Shown) ? Shown : before.Middle;
            if (shown != null)
            {
                Print("before", shown, before, after, "→");
                Print("after", shown, after, before, "←");
            }

            return Digests();
        }
        finally
        {
            trees.ForEach(replica => replica.Dispose());
            plain.ForEach(replica => replica.Dispose());
        }
    }

    private void Begin()
    {
        foreach (Replica replica in trees.Concat(plain))
        {
            replica.Begin(trees.Contains(replica) ? trees : plain);
        }

        trees.ForEach(replica => late[replica] = new Lateness(replica, outline));
        sent = new Exchange(trees, random, Versions, replica => late[replica].Arrived());
    }

    private void Edit(TreeEdits edits, int round, int amount)
    {
        if (round == Rounds[^1] && outline == Outline.Documentation)
        {
            edits.Move(0, "by hand", "N:System.IO.Enumeration", Outline.Trash);
            edits.Cross("N:System.IO.Pipes", "N:System.IO.Compression");
            edits.Move(0, "by hand", "T:System.IO.File", "N:System.IO.MemoryMappedFiles");
            edits.Move(1, "by hand", "T:System.IO.File", "N:System.IO.IsolatedStorage");
            edits.Move(1, "by hand", "N:System.IO.Enumeration", "N:System.IO");
        }

        edits.Run(amount);
    }

    private void Send()
    {
        foreach (Lateness one in late.Values)
        {
            one.Begin();
        }

        sent!.Run();
        new Exchange(plain, random, Versions).Run();
    }

    private void Report()
    {
        AnsiConsole.MarkupLineInterpolated(
            $"Exchanged {sent!.Delivered:N0} chunks in random order, {sent.Repeated:N0} of them twice, {sent.Lost:N0} only when asked for again, and those of the table without a tree, in {exchanged.TotalSeconds:F1} s.");
        Table table = new Table().RoundedBorder().AddColumns(["", .. trees.Select(replica => replica.Name)]);
        Row(table, "operations that came", one => Number(one.Late.Count));
        Row(table, "in order", one => Number(one.Late.Count(by => by == 0)));
        foreach ((int from, int to) in (ReadOnlySpan<(int, int)>)[(1, 10), (11, 100), (101, 1000), (1001, int.MaxValue)])
        {
            Row(table, to == int.MaxValue ? $"late by more than {from - 1:N0}" : $"late by {from:N0} to {to:N0}", one => Number(one.Late.Count(by => by >= from && by <= to)));
        }

        Row(table, "log rows scanned per late operation", one => Ratio(one.Scanned, one.Late.Count(by => by > 0)));
        Row(table, "rows written per late operation", one => Ratio(one.Written, one.Late.Count(by => by > 0)));
        AnsiConsole.Write(table);
        long log = Sql.Number(trees[0].Connection, "SELECT count(*) FROM " + Sql.Quote(outline.Table + "_tree_log"));
        long without = Sql.Number(trees[0].Connection, "SELECT count(*) FROM cloudsync_tree_log($t) WHERE effective = 0", ("$t", outline.Table));
        AnsiConsole.MarkupLineInterpolated($"The log has {log:N0} operations, {without:N0} of which have no effect: they would make a cycle.");
    }

    private void Row(Table table, string name, Func<Lateness, string> value) => table.AddRow([name, .. trees.Select(replica => value(late[replica]))]);

    /// <summary>What the same edits make of two columns, each synced by itself.</summary>
    private void Columns()
    {
        Cycles[] found = [.. plain.Select(replica => Cycles.Of(replica, outline))];
        Cycles tree = Cycles.Of(trees[0], outline);
        AnsiConsole.MarkupLineInterpolated(
            $"The same edits, column by column: [red]{found[0].Count:N0} cycles[/], {found[0].Lost:N0} nodes are gone from every query ({found[1].Lost:N0} in the other replica). The tree: [green]{tree.Count:N0} cycles[/].");
        if (found[0].Example.Count > 0)
        {
            AnsiConsole.MarkupLineInterpolated($"One of them: {string.Join(" under ", found[0].Example.Append(found[0].Example[0]))}");
        }
    }

    private bool Digests()
    {
        string[] digests = [.. trees.Select(Digest)];
        List<string> verified = [.. trees.Select(replica => (string)Sql.Rows(replica.Connection, "SELECT cloudsync_tree_verify($t)", ("$t", outline.Table))[0][0]!)];
        for (int i = 0; i < trees.Count; i++)
        {
            AnsiConsole.MarkupLineInterpolated($"{trees[i].Name}: digest {digests[i]}, verify: {verified[i]}");
        }

        bool equal = digests[0] == digests[1] && verified.TrueForAll(text => text == "ok");
        AnsiConsole.MarkupLineInterpolated($"equal: {(equal ? "yes" : "no")}");
        return equal;
    }

    /// <summary>SHA-256 of all rows: key, parent, position.</summary>
    private string Digest(Replica replica)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        string[] columns = [outline.Key, outline.Parent, .. outline.Position == null ? [] : new[] { outline.Position }];
        foreach (object?[] row in Sql.Rows(replica.Connection,
            $"SELECT quote({string.Join(") || ',' || quote(", columns.Select(Sql.Quote))}) FROM {Sql.Quote(outline.Table)} ORDER BY {Sql.Quote(outline.Key)}"))
        {
            hash.AppendData(Encoding.UTF8.GetBytes((string)row[0]! + "\n"));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    private static void Print(string title, object node, OutlineView view, OutlineView other, string elsewhere)
    {
        AnsiConsole.MarkupLineInterpolated($"[bold]{title}[/]");
        view.Print(node, other, elsewhere);
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Ratio(long value, int count) => count == 0 ? "–" : ((double)value / count).ToString("F1", CultureInfo.InvariantCulture);
}
