using System.Text;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>What the engine remembers in a file about the capture of a table: settings of column <c>*</c>, which sqlite-sync keeps and
/// does not read.</summary>
internal sealed class TableMarks(Connection connection, TableSettingStore settings)
{
    /// <summary>Key: every row of the table has been looked at, for the columns whose <see cref="Fingerprint"/> is the value.</summary>
    public const string Examined = "chunksync_examined";

    /// <summary>Key: there may be changes without clocks; the value says since when.</summary>
    public const string Uncaptured = "chunksync_uncaptured";

    /// <summary>Key: since the table is tracked nothing was left out of its clocks, so that a living clock without a row is a row that was
    /// removed unseen.</summary>
    public const string Whole = "chunksync_whole";

    /// <summary>Key: rows from before the tracking may have no clocks yet; they are captured a few at a time.</summary>
    public const string Pending = "chunksync_pending";

    /// <summary>Value of <see cref="Pending"/>: a column without a clock in a row that has some is one that has not been received.</summary>
    public const string RowsPending = "rows";

    /// <summary>Value of <see cref="Pending"/>: or it is one that was added, and is captured, too.</summary>
    public const string ColumnsPending = "columns";

    /// <summary>Value of <see cref="Uncaptured"/>: rows were written while the table was disabled.</summary>
    public const string WhileDisabled = "disabled";

    /// <summary>Value of <see cref="Uncaptured"/>: the triggers were gone for a time.</summary>
    public const string WhileLost = "lost";

    /// <summary>A table's columns in 16 hex digits: names without ASCII case, declared types, keys.</summary>
    public static string Fingerprint(TrackedTable table)
    {
        StringBuilder text = new();
        foreach (TableColumn column in table.Columns)
        {
            text.Append(column.ClockName).Append('\0').Append(column.DeclaredType).Append('\0').Append(column.KeyOrdinal).Append('\0');
        }

        Fnv1a64 hash = new(Fnv1a64.OffsetBasis);
        foreach (byte letter in Encoding.UTF8.GetBytes(text.ToString()))
        {
            hash.Add(letter);
        }

        return hash.Value.ToString("x16");
    }

    /// <summary>Writes a mark. The host's last_insert_rowid stays.</summary>
    public unsafe void Set(TrackedTable table, string key, string value)
    {
        long lastRowId = Sqlite3.Api->last_insert_rowid(connection.Handle);
        settings.Keep(table.Name, key, value);
        if (key == Uncaptured)
        {
            ForgetWhole(table);
        }

        Sqlite3.Api->set_last_insert_rowid(connection.Handle, lastRowId);
    }

    /// <summary>Removes a mark.</summary>
    public void Remove(TrackedTable table, string key) => settings.Set(table.Name, TableSettingStore.WholeTable, key, null);

    /// <summary>Something is left out of the table's clocks.</summary>
    public void ForgetWhole(TrackedTable table)
    {
        Remove(table, Whole);
        table.IsWhole = false;
    }

    /// <summary>All rows of the table have been looked at.</summary>
    /// <param name="table">The table, with its columns as they are now.</param>
    /// <param name="keepLost">Whether what happened while the triggers were gone goes on being unknown.</param>
    public void SetExamined(TrackedTable table, bool keepLost)
    {
        Set(table, Examined, Fingerprint(table));
        if (!keepLost || table.Uncaptured != WhileLost)
        {
            Remove(table, Uncaptured);
        }
    }
}
