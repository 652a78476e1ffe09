using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using ChunkSync.Catalog;
using ChunkSync.Session;

namespace ChunkSync.Diagnostics;

/// <summary>How many received values each column stored as others, because its type is not the sender's: one setting per column, with the type,
/// because another type begins to count anew.</summary>
internal sealed class ConvertedCounts(SyncSession session)
{
    private readonly Dictionary<(TrackedTable Table, int Column), long> counts = [];

    /// <summary>How many were told.</summary>
    public long Total { get; private set; }

    /// <summary>Counts a value.</summary>
    public void Add(TrackedTable table, int column)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(counts, (table, column), out _)++;
        Total++;
    }

    /// <summary>Forgets what was not stored, where all of it was undone; of what was undone in part it counts both attempts.</summary>
    public void Rewind(long total)
    {
        if (total == 0)
        {
            counts.Clear();
            Total = 0;
        }
    }

    /// <summary>Adds what was told to the settings, in the open transaction.</summary>
    public void Store()
    {
        foreach (((TrackedTable table, int column), long count) in counts)
        {
            TableColumn told = table.ValueColumns[column];
            string key = Settings.Converted + Hex(table.Name) + ":" + Hex(told.ClockName);
            (long stored, string type) = Parse(session.Settings.Text(key));
            session.Settings.Set(key, string.Create(CultureInfo.InvariantCulture, $"{count + (type == told.DeclaredType ? stored : 0)} {told.DeclaredType}"));
        }

        Rewind(0);
    }

    /// <summary>The column that a setting counts for, and how many; null where the table has no such column any more, or one of another type.</summary>
    /// <param name="catalog">The tracked tables.</param>
    /// <param name="key">The setting's key.</param>
    /// <param name="value">Its value.</param>
    public static (TrackedTable Table, TableColumn Column, long Count)? Read(TableCatalog catalog, string key, string? value)
    {
        string[] names = key[Settings.Converted.Length..].Split(':');
        (long count, string type) = Parse(value);
        TrackedTable? table = catalog.All.FirstOrDefault(table => Hex(table.Name) == names[0]);
        TableColumn? column = table?.ValueColumns.FirstOrDefault(column => names.Length == 2 && Hex(column.ClockName) == names[1] && column.DeclaredType == type);
        return column == null || count == 0 ? null : (table!, column, count);
    }

    private static (long Count, string Type) Parse(string? text)
    {
        string[] parts = (text ?? "").Split(' ', 2);
        return parts.Length == 2 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long count) ? (count, parts[1]) : (0, "");
    }

    private static string Hex(string name) => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(name));
}
