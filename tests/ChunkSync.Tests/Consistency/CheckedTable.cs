using System.Text;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Consistency;

/// <summary>A tracked table as <c>sqlite_master</c> and the settings describe it, and the statements that read its rows and clocks.</summary>
internal sealed class CheckedTable : IDisposable
{
    public const string ClockSuffix = "_cloudsync";

    private readonly HashSet<string> blocks;

    public CheckedTable(Database database, string name, List<CheckedColumn> columns, string? filter, bool isGrowOnly, HashSet<string> blocks)
    {
        Name = name;
        Columns = columns;
        Keys = [.. columns.Where(column => column.IsKey)];
        Values = [.. columns.Where(column => !column.IsKey && column.HasClocks)];
        ClockNames = [.. Values.Select(column => Encoding.UTF8.GetBytes(column.ClockName))];
        Filter = filter;
        IsGrowOnly = isGrowOnly;
        this.blocks = blocks;
        Needed = Values.Count(column => !blocks.Contains(column.ClockName));
        if (Keys.Count == 0)
        {
            return;
        }

        string keys = string.Join(", ", Keys.Select(column => Quote(column.Name)));
        Rows = new BoundStatement(database, $"SELECT {keys}, {(filter == null ? "1" : $"({filter}) IS TRUE")} FROM main.{Quote(name)}");
        Clocks = new BoundStatement(
            database, $"SELECT pk, col_name, col_version, db_version, site_id, seq FROM main.{Quote(name + ClockSuffix)} ORDER BY pk, col_name");
    }

    /// <summary>The name as the clock table spells it.</summary>
    public string Name { get; }

    /// <summary>All columns but generated ones, in declaration order; none when the table is gone.</summary>
    public List<CheckedColumn> Columns { get; }

    public List<CheckedColumn> Keys { get; }

    public List<CheckedColumn> Values { get; }

    /// <summary>The names that clock rows have, by value column.</summary>
    public byte[][] ClockNames { get; }

    /// <summary>How many of the value columns have a clock row of their own: all but block columns.</summary>
    public int Needed { get; }

    public string? Filter { get; }

    public bool IsGrowOnly { get; }

    /// <summary>Whether rows are captured a few at a time.</summary>
    public bool IsFilling { get; init; }

    /// <summary>The keys of all rows, and 1 for a row inside the filter.</summary>
    public BoundStatement? Rows { get; }

    /// <summary>All clock rows in key order.</summary>
    public BoundStatement? Clocks { get; }

    /// <summary>The value column of a clock row's name; -1 when there is none.</summary>
    public int Find(ReadOnlySpan<byte> clockName)
    {
        for (int i = 0; i < ClockNames.Length; i++)
        {
            if (Ascii.EqualsIgnoreCase(ClockNames[i], clockName) || ClockNames[i].AsSpan().SequenceEqual(clockName))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Whether a value column is stored as blocks, whose clock rows are named after it and their place (behaviour E.9).</summary>
    public bool IsBlock(int column) => blocks.Contains(Values[column].ClockName);

    public static string Quote(string name) => "\"" + name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    public static string Literal(string text) => "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";

    public void Dispose()
    {
        Rows?.Dispose();
        Clocks?.Dispose();
    }
}
