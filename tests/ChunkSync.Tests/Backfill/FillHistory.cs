using System.Globalization;
using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Backfill;

/// <summary>One random history of three databases: one that is filled, one that was initialised before, and one that sends them both changes
/// of its own.</summary>
internal sealed class FillHistory : IDisposable
{
    /// <summary>Keys that are never used but to insert a row: of them a clock of the filled table may be one version ahead.</summary>
    private const int FirstNew = 1000;

    private readonly Random random;
    private readonly FillShape shape;
    private readonly Database filled = Database.Open();
    private readonly Database initialised = Database.Open();
    private readonly Database peer = Database.Open();
    private readonly OneWay toFilled;
    private readonly OneWay toInitialised;
    private readonly int rows;
    private readonly List<string> script = [];
    private readonly HashSet<string> inserted = [];
    private int nextNew = FirstNew;

    public FillHistory(Random random)
    {
        this.random = random;
        shape = FillShape.All[random.Next(FillShape.All.Length)];
        rows = random.Next(40);
        foreach (Database database in (Database[])[filled, initialised, peer])
        {
            database.Exec(shape.Create);
        }

        if (shape.Filter is string filter)
        {
            // A filter is set on a tracked table: it is there before the rows.
            foreach (Database database in (Database[])[filled, initialised, peer])
            {
                database.Exec($"SELECT cloudsync_init({shape.Arguments}); SELECT cloudsync_set_filter('t', {CheckedTable.Literal(filter)})");
                database.Deviates(Deviation.Disabled, "rows are written before they are captured");
                database.Exec("SELECT cloudsync_disable('t')");
            }
        }

        for (int i = 0; i < rows; i++)
        {
            Both(shape.Insert(i, "OR IGNORE", Value));
        }

        if (shape.Filter != null)
        {
            Both("SELECT cloudsync_enable('t')");
            peer.Exec("SELECT cloudsync_enable('t')");
        }

        foreach (Database database in (Database[])[filled, initialised, peer])
        {
            database.Exec($"SELECT cloudsync_{(database == filled ? "backfill_begin" : "init")}({shape.Arguments})");
            database.Conforms();
        }

        toFilled = new OneWay(peer, filled);
        toInitialised = new OneWay(peer, initialised);
    }

    /// <summary>Runs the history to the end of the fill.</summary>
    /// <returns>The number of operations.</returns>
    public int Run()
    {
        int operations = 0;
        do
        {
            for (int i = random.Next(6); i > 0; i--)
            {
                Act();
                operations++;
            }
        }
        while (Slice() > 0);
        return operations;
    }

    /// <summary>Compares rows and clocks.</summary>
    public void Check()
    {
        string columns = string.Join(", ", shape.Keys.Concat(shape.Values).Select(column => $"quote({column})"));
        string read = $"SELECT {columns} FROM t ORDER BY {string.Join(", ", Enumerable.Range(1, shape.Keys.Length))}";
        Compare("rows", Texts(initialised, read), Texts(filled, read));
        string clocks = "SELECT hex(pk), col_name, col_version FROM t_cloudsync ORDER BY pk, col_name";
        Compare("clocks", Clocks(initialised, clocks), Clocks(filled, clocks));
        Assert.Equal("done", filled.Scalar("SELECT state FROM cloudsync_backfill_progress"));
        Assert.Equal(0L, filled.Scalar("SELECT count(*) FROM (SELECT 1 FROM t_cloudsync WHERE db_version > 0 GROUP BY db_version, seq HAVING count(*) > 1)"));
    }

    public void Dispose()
    {
        filled.Dispose();
        initialised.Dispose();
        peer.Dispose();
    }

    private long Slice()
    {
        string step = $"SELECT cloudsync_backfill_step('t', {random.Next(1, 12)})";
        if (random.Next(4) == 0)
        {
            bool whole = random.Next(2) == 0;
            filled.Exec(whole ? "BEGIN" : "BEGIN; SAVEPOINT s");
            filled.Exec(step);
            foreach (string sql in (string[])[Update(), shape.Insert(random.Next(60), "OR REPLACE", Value)])
            {
                Try(filled, sql);
            }

            filled.Exec(!filled.InTransaction ? "SELECT 1" : whole ? "ROLLBACK" : "ROLLBACK TO s; COMMIT");
        }

        script.Add(step);
        return (long)filled.Scalar(step)!;
    }

    private void Act()
    {
        switch (random.Next(10))
        {
            case < 3:
                Both(Update());
                break;
            case 3:
                Both($"DELETE FROM t WHERE {shape.Where(random.Next(50))}");
                break;
            case 4:
                Both(MoveKey());
                break;
            case 5:
                Replace();
                break;
            case 6:
                Insert();
                break;
            case 7 when shape.Values.Length > 0 && !shape.IsGrowOnly:
                Both($"UPDATE t SET {shape.Values[0]} = coalesce({shape.Values[0]}, 0) WHERE {shape.Keys[0]} > {shape.Literal(random.Next(50))[0]}");
                break;
            default:
                Merge();
                break;
        }
    }

    private string Update() => shape.Values.Length == 0
        ? MoveKey()
        : $"UPDATE OR REPLACE t SET {shape.Values[random.Next(shape.Values.Length)]} = {Value()} WHERE {shape.Where(random.Next(50))}";

    private string MoveKey()
    {
        // To a key that is there, inside the filter: in both it counts from the versions of the row that it replaces.
        int from = random.Next(50);
        int to = random.Next(50);
        bool isThere = (long)initialised.Scalar($"SELECT count(*) FROM t WHERE {shape.Where(to)}{Inside}")! == 1;
        string set = string.Join(", ", shape.Keys.Zip(shape.Literal(isThere ? to : NewKey()), (column, value) => $"{column} = {value}"));
        return $"UPDATE OR REPLACE t SET {set} WHERE {shape.Where(from)}";
    }

    /// <summary>REPLACE of a row that is there.</summary>
    private void Replace()
    {
        int row = random.Next(50);
        if ((long)initialised.Scalar($"SELECT count(*) FROM t WHERE {shape.Where(row)}{Inside}")! == 1)
        {
            Both(shape.Insert(row, "OR REPLACE", Value));
        }
    }

    private string Inside => shape.Filter == null ? "" : $" AND ({shape.Filter})";

    private void Insert() => Both(shape.Insert(NewKey(), random.Next(2) == 0 ? "OR REPLACE" : "", Value));

    private int NewKey()
    {
        int key = nextNew++;
        inserted.Add((string)initialised.Scalar($"SELECT hex(cloudsync_pk_encode({string.Join(", ", Encoded(key))}))")!);
        return key;
    }

    /// <summary>The key's values in declaration order, as they are stored.</summary>
    private IEnumerable<string> Encoded(int key)
    {
        string[] literal = shape.Literal(key);
        return initialised.Query("SELECT name FROM pragma_table_info('t') WHERE pk > 0 ORDER BY cid")
            .Select(row => literal[Array.IndexOf(shape.Keys, (string)row[0]!)]);
    }

    private void Merge()
    {
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            int row = random.Next(50);
            string sql = random.Next(4) switch
            {
                0 when shape.Values.Length > 0 => $"UPDATE OR IGNORE t SET {shape.Values[0]} = {Value()} WHERE {shape.Where(row)}",
                1 when !shape.IsGrowOnly => $"DELETE FROM t WHERE {shape.Where(row)}",
                _ => shape.Insert(row, "OR IGNORE", Value),
            };
            Try(peer, sql);
            script.Add("peer: " + sql);
        }

        Send(toFilled);
        Send(toInitialised);
        script.Add("merge");
    }

    private static void Send(OneWay link)
    {
        try
        {
            link.Send();
        }
        catch (SqlException failure) when (failure.Text.Contains("UNIQUE", StringComparison.Ordinal))
        {
            // What a payload breaks, it breaks in both: the rows before it are merged.
        }
    }

    private void Both(string sql)
    {
        script.Add(sql);
        Assert.Equal(Try(initialised, sql), Try(filled, sql));
    }

    private static string? Try(Database database, string sql)
    {
        try
        {
            database.Exec(sql);
            return null;
        }
        catch (SqlException failure)
        {
            return failure.Text;
        }
    }

    private string Value() => random.Next(8) switch
    {
        0 => "NULL",
        1 => $"'v{random.Next(5)}'",
        2 => "1.5",
        _ => random.Next(40).ToString(CultureInfo.InvariantCulture),
    };

    private static List<string> Texts(Database database, string sql) => [.. database.Query(sql).Select(row => string.Join('|', row))];

    /// <summary>The clocks; of a row that was inserted anew not its versions, which in a table of keys alone are those of its sentinel.</summary>
    private List<string> Clocks(Database database, string sql) => [.. database.Query(sql).Select(row =>
        !inserted.Contains((string)row[0]!) ? string.Join('|', row)
        : (string)row[1]! != "__[RIP]__" ? $"{row[0]}|{row[1]}"
        : shape.Values.Length == 0 ? $"{row[0]}|{(long)row[2]! % 2}" : string.Join('|', row))];

    private void Compare(string what, List<string> wanted, List<string> got)
    {
        if (!wanted.SequenceEqual(got))
        {
            Assert.Fail($"{shape}: {what} differ\n  filled only:\n    {string.Join("\n    ", got.Except(wanted).Take(8))}\n"
                + $"  initialised only:\n    {string.Join("\n    ", wanted.Except(got).Take(8))}\n{string.Join(";\n", script)};");
        }
    }
}
