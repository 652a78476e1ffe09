using System.Globalization;
using System.Text;
using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Merge;
using ChunkSync.Sqlite;

namespace ChunkSync.Diagnostics;

/// <summary>A change that won although it came in a range of a sender that had arrived before, as it is stored in a setting.</summary>
/// <param name="Table">Its table.</param>
/// <param name="Key">Its pk blob.</param>
/// <param name="Column">Its column by its name in clocks; empty for the row itself.</param>
/// <param name="ColumnVersion">The column's version.</param>
/// <param name="CausalLength">The row's causal length.</param>
internal sealed record BookedChange(string Table, byte[] Key, string Column, long ColumnVersion, long CausalLength)
{
    /// <summary>Changes that are kept of one sender, the last ones: examples.</summary>
    public const int Most = 100;

    /// <summary>The change of a merge.</summary>
    public static BookedChange Of(TrackedTable table, NativeBytes key, in News news) =>
        new(table.Name, key.Span.ToArray(), news.Column < 0 ? "" : table.ValueColumns[news.Column].ClockName, news.ColumnVersion, news.CausalLength);

    /// <summary>Reads a setting's text: the changes, the oldest first.</summary>
    /// <returns>Empty for a damaged text.</returns>
    public static List<BookedChange> Parse(string? text)
    {
        try
        {
            return [.. (text ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(ParseOne)];
        }
        catch (Exception failure) when (failure is FormatException or OverflowException or IndexOutOfRangeException)
        {
            return [];
        }
    }

    /// <summary>The text of a setting.</summary>
    public static string Format(IEnumerable<BookedChange> changes) => string.Join(' ', changes.Select(change => string.Create(CultureInfo.InvariantCulture,
        $"{Hex(change.Table)}:{Convert.ToHexStringLower(change.Key)}:{Hex(change.Column)}:{change.ColumnVersion}:{change.CausalLength}")));

    /// <summary>Whether a later change of the cell has come, or waits, or was written here: what is in a chunk that comes late has moved on to there.</summary>
    public bool IsSuperseded(CheckContext context)
    {
        if (context.Catalog.Find(Table) is not TrackedTable table)
        {
            return false;
        }

        using Statement clocks = context.Connection.Prepare($"SELECT 1 FROM {table.QuotedClock} WHERE pk = ?1 AND (col_name = '{SentinelColumn.Name}' AND col_version > ?2"
            + " OR col_name = ?3 AND col_version > ?4) LIMIT 1");
        clocks.BindBlob(1, Key).Bind(2, CausalLength).Bind(3, Column).Bind(4, ColumnVersion);
        return clocks.Step() || Waits(context, table);
    }

    private bool Waits(CheckContext context, TrackedTable table)
    {
        if (!context.HasTable(WaitingChanges.Changes))
        {
            return false;
        }

        using Statement waiting = context.Connection.Prepare($"SELECT 1 FROM main.{WaitingChanges.Changes} WHERE tbl = ?5 AND pk = ?1"
            + " AND (cl > ?2 OR cl = ?2 AND col_name = ?3 AND col_version > ?4) LIMIT 1");
        waiting.BindBlob(1, Key).Bind(2, CausalLength).Bind(3, Column).Bind(4, ColumnVersion).Bind(5, table.Name);
        return waiting.Step();
    }

    private static BookedChange ParseOne(string text)
    {
        string[] parts = text.Split(':');
        return new BookedChange(Text(parts[0]), Convert.FromHexString(parts[1]), Text(parts[2]), long.Parse(parts[3], CultureInfo.InvariantCulture),
            long.Parse(parts[4], CultureInfo.InvariantCulture));
    }

    private static string Hex(string text) => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text));

    private static string Text(string hex) => Encoding.UTF8.GetString(Convert.FromHexString(hex));
}
