using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Waiting;

/// <summary>Tables and columns that this schema has given up: changes of them are dropped on arrival. Columns are remembered among the
/// table's settings, tables among all settings; neither is part of the schema hash.</summary>
internal sealed class IgnoredChanges(SyncSession session, TableCatalog catalog)
{
    /// <summary>Key of a column's setting.</summary>
    private const string Key = "ignored";

    /// <summary>Whether a change of what is not here is dropped.</summary>
    public bool Has(in ChangeRow change)
    {
        string table = System.Text.Encoding.UTF8.GetString(change.TableName);
        return catalog.Find(change.TableName) is TrackedTable tracked
            ? catalog.Settings.OfColumn(tracked.Name, NameOf(change), Key) != null
            : session.Settings.Text(Settings.IgnoredTable + table) != null;
    }

    /// <summary>Drops changes of an untracked table from now on.</summary>
    public void Add(string table) => session.Settings.Set(Settings.IgnoredTable + table, "1");

    /// <summary>Drops changes of a column from now on.</summary>
    public void Add(TrackedTable table, string column) => catalog.Settings.Set(table.Name, AsciiNames.Lower(column), Key, "1");

    /// <summary>The table is there: neither it nor columns that it has are dropped any more.</summary>
    /// <returns>Whether settings of the table were changed.</returns>
    public bool Forget(TrackedTable table)
    {
        if (session.Settings.Text(Settings.IgnoredTable + table.Name) != null)
        {
            session.Settings.Remove(Settings.IgnoredTable + table.Name);
        }

        bool any = false;
        foreach (TableColumn column in table.ValueColumns)
        {
            if (catalog.Settings.OfColumn(table.Name, column.ClockName, Key) != null)
            {
                catalog.Settings.Set(table.Name, column.ClockName, Key, null);
                any = true;
            }
        }

        return any;
    }

    /// <summary>The column that a change is about: of a block its column.</summary>
    private static string NameOf(in ChangeRow change)
    {
        ReadOnlySpan<byte> name = change.ColumnName;
        int separator = name.IndexOf(TrackedTable.BlockSeparator);
        return System.Text.Encoding.UTF8.GetString(separator < 0 ? name : name[..separator]);
    }
}
