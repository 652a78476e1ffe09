using System.Globalization;
using System.Text;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Consistency;

/// <summary>The clock rows of one pk blob, as they are read one after the other.</summary>
internal sealed class ClockGroup
{
    /// <summary>Versions are below this: what comes from elsewhere must not push a local counter to its end.</summary>
    private const long MaxVersion = 1L << 62;

    private const int Integer = 1;
    private const int Text = 3;
    private const int Blob = 4;

    private readonly List<string> problems = [];
    private byte[] key = new byte[64];
    private int keyLength;
    private bool[] seen = [];

    /// <summary>The pk blob.</summary>
    public ReadOnlySpan<byte> Key => key.AsSpan(0, keyLength);

    /// <summary>How many clock rows there are.</summary>
    public int Count { get; private set; }

    /// <summary>How many value columns have one, block columns aside.</summary>
    public int Columns { get; private set; }

    /// <summary>The sentinel's col_version; null without a sentinel.</summary>
    public long? Sentinel { get; private set; }

    /// <summary>Whether a clock row names a column that the table does not have.</summary>
    public bool HasUnknownColumn { get; private set; }

    /// <summary>Whether a clock row has db_version 0: nobody is sent it.</summary>
    public bool IsHidden { get; private set; }

    /// <summary>What is wrong with the clock rows alone.</summary>
    public List<string> Problems => problems;

    /// <summary>Begins with a key of which no clock row has been read.</summary>
    public void Begin(ReadOnlySpan<byte> pk, CheckedTable table)
    {
        if (key.Length < pk.Length)
        {
            key = new byte[pk.Length * 2];
        }

        pk.CopyTo(key);
        keyLength = pk.Length;
        Count = 0;
        Columns = 0;
        Sentinel = null;
        HasUnknownColumn = false;
        IsHidden = false;
        problems.Clear();
        if (seen.Length < table.Values.Count)
        {
            seen = new bool[table.Values.Count];
        }

        Array.Clear(seen);
    }

    /// <summary>Takes the clock row that the table's statement is at: pk, col_name, col_version, db_version, site_id, seq.</summary>
    public void Add(CheckedTable table, HashSet<long> sites)
    {
        BoundStatement row = table.Clocks!;
        Count++;
        if (row.Type(0) != Blob || row.Type(1) != Text)
        {
            problems.Add("pk and col_name of a clock row are not BLOB and TEXT");
            return;
        }

        ReadOnlySpan<byte> name = row.Text(1);
        bool isSentinel = name.SequenceEqual("__[RIP]__"u8);
        CheckNumber(row, 2, name, "col_version", 0);
        IsHidden |= row.Type(3) == Integer && row.Int64(3) == 0;
        CheckNumber(row, 3, name, "db_version", 0);
        CheckNumber(row, 5, name, "seq", 0);
        if (row.Type(4) != Integer || !sites.Contains(row.Int64(4)))
        {
            problems.Add($"{Encoding.UTF8.GetString(name)}: site_id {Describe(row, 4)} is not in cloudsync_site_id");
        }

        if (isSentinel)
        {
            Sentinel = row.Int64(2);
            return;
        }

        int block = name.IndexOf((byte)0x1F);
        int column = table.Find(block < 0 ? name : name[..block]);
        if (column < 0)
        {
            HasUnknownColumn = true;
            problems.Add($"a clock for column {Encoding.UTF8.GetString(name)}, which the table does not have");
        }
        else if (block < 0 && !table.IsBlock(column) && !seen[column])
        {
            seen[column] = true;
            Columns++;
        }
    }

    /// <summary>The value columns without a clock.</summary>
    public string Missing(CheckedTable table) => string.Join(
        ", ", table.Values.Where((column, i) => !seen[i] && !table.IsBlock(i)).Select(column => column.Name));

    private static string Describe(BoundStatement row, int column) =>
        row.Type(column) == 5 ? "NULL" : Encoding.UTF8.GetString(row.Text(column)) + (row.Type(column) == Integer ? "" : " (not an integer)");

    private void CheckNumber(BoundStatement row, int column, ReadOnlySpan<byte> clock, string field, long least)
    {
        if (row.Type(column) != Integer || row.Int64(column) < least || row.Int64(column) >= MaxVersion)
        {
            problems.Add(string.Create(CultureInfo.InvariantCulture,
                $"{Encoding.UTF8.GetString(clock)}: {field} is {Describe(row, column)}, it should be an integer from {least} to {MaxVersion - 1}"));
        }
    }
}
