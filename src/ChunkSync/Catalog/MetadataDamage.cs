using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>What is missing of the metadata of a database that was initialised: a table of ours was dropped, emptied or altered. Found
/// out when metadata is read; what is merely wrong inside a table is found where it is read.</summary>
internal sealed class MetadataDamage
{
    private const string Restore = "restore a backup";

    private readonly SyncSession session;
    private readonly TableCatalog catalog;
    private readonly Statement kind;
    private readonly Statement lostColumns;
    private readonly List<(string Table, string Text)> tables = [];
    private bool hasTables;

    public MetadataDamage(SyncSession session, TableCatalog catalog)
    {
        this.session = session;
        this.catalog = catalog;
        Connection connection = session.Connection;
        kind = connection.Prepare(
            "SELECT type FROM main.sqlite_master WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE");
        lostColumns = connection.Prepare(
            "WITH wanted(name) AS (VALUES ('pk'), ('col_name'), ('col_version'), ('db_version'), ('site_id'), ('seq'))"
            + " SELECT name FROM wanted WHERE name NOT IN (SELECT lower(name) FROM pragma_table_info(?1, 'main')) LIMIT 1");
    }

    /// <summary>Why there is no local site although tables are tracked; null when that is not so.</summary>
    public string? Site => !session.Sites.HasLocal && HasTables ? session.Sites.Failure().Message : null;

    /// <summary>Whether tables are tracked, with or without a local site.</summary>
    public bool HasTables => hasTables || catalog.All.Count > 0;

    /// <summary>The first table that has settings and rows, but no usable clocks; null when there is none.</summary>
    public string? First => tables.Count > 0 ? tables[0].Text : null;

    /// <summary>Forgets what was found.</summary>
    public void Clear()
    {
        hasTables = false;
        tables.Clear();
    }

    /// <summary>There are tracked tables and no local site.</summary>
    public void NoteSite() => hasTables = true;

    /// <summary>A table has settings and no usable clocks.</summary>
    public void NoteTable(string table)
    {
        string clock = table + TrackedTable.ClockSuffix;
        string what = KindOf(clock) switch
        {
            null => $"table {clock} is missing",
            "view" => $"{clock} is a view",
            _ when LostColumn(clock) is string lost => $"table {clock} has no column {lost}",
            _ => $"table {clock} cannot be used",
        };
        tables.Add((table, Errors.DamagedText(table, $"{what}; {Restore}, or call SELECT cloudsync_cleanup('{table}') and"
            + $" SELECT cloudsync_init('{table}'), which forgets versions and deletions")));
    }

    /// <summary>What is known of the damage that a look-up of this table meets; null for none.</summary>
    public string? Of(string table)
    {
        if (Site is string damage)
        {
            return damage;
        }

        (string Table, string Text) known = tables.Find(entry => AsciiNames.Lower(entry.Table) == AsciiNames.Lower(table));
        return known.Text;
    }

    /// <summary>The failure of a look-up, with what is known of the damage.</summary>
    /// <param name="table">The table that was looked up.</param>
    /// <param name="code">The result code.</param>
    /// <param name="text">What is said where nothing is damaged.</param>
    public EngineException Unknown(string table, int code, string text) =>
        new(code, Of(table) is string damage ? $"{text} ({damage})" : text);

    private string? KindOf(string name)
    {
        kind.Bind(1, name);
        string? found = kind.Step() ? kind.String(0) : null;
        kind.Reset();
        return found;
    }

    private string? LostColumn(string clock)
    {
        lostColumns.Bind(1, clock);
        string? found = lostColumns.Step() ? lostColumns.String(0) : null;
        lostColumns.Reset();
        return found;
    }
}
