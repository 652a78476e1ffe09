using ChunkSync.Catalog;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Waiting;

/// <summary>Which waiting rows are tried: those whose needed row was written since it was looked last, which their clocks tell, and some by
/// turn, those first that were tried longest ago.</summary>
internal sealed class WaitingQueue
{
    private const string Rows = "main." + WaitingTables.RowsName;

    private readonly SyncSession session;
    private readonly TableCatalog catalog;
    private readonly Statement due;
    private readonly Statement all;
    private readonly Statement makeDue;
    private readonly Statement needs;
    private readonly Statement count;

    public WaitingQueue(SyncSession session, TableCatalog catalog)
    {
        this.session = session;
        this.catalog = catalog;
        Connection connection = session.Connection;
        due = connection.Prepare($"SELECT tbl, pk FROM {Rows} ORDER BY turn LIMIT ?1");
        all = connection.Prepare($"SELECT tbl, pk FROM {Rows} WHERE (?1 IS NULL OR tbl = ?1) AND (?2 IS NULL OR pk = ?2) ORDER BY turn");
        makeDue = connection.Prepare($"UPDATE {Rows} SET turn = 0 WHERE turn <> 0");
        needs = connection.Prepare($"SELECT 1 FROM {Rows} WHERE needs_tbl = ?1 LIMIT 1");
        count = connection.Prepare($"SELECT count(*) FROM {Rows}");
    }

    /// <summary>The number of rows that wait.</summary>
    public long Count()
    {
        long found = count.Step() ? count.Int64(0) : 0;
        count.Reset();
        return found;
    }

    /// <summary>Where the schema is another than it was last, every row is due: what refused it may be gone.</summary>
    public void MakeDueAfterSchemaChange()
    {
        long schema = session.Connection.Integer("PRAGMA main.schema_version");
        if (session.Settings.Integer(Settings.WaitingSchema) != schema)
        {
            makeDue.Run();
            session.Settings.Set(Settings.WaitingSchema, schema);
        }
    }

    /// <summary>Adds the rows whose turn it is.</summary>
    public void AddDue(RefusedRows rows, long budget)
    {
        due.Bind(1, budget);
        Add(due, rows);
    }

    /// <summary>Adds all rows, or those of a table, or one.</summary>
    public void AddAll(RefusedRows rows, string? table, byte[]? key)
    {
        _ = table == null ? all.BindNull(1) : all.Bind(1, table);
        _ = key == null ? all.BindNull(2) : all.BindBlob(2, key);
        Add(all, rows);
    }

    /// <summary>Adds rows that need one which was written behind a db_version: deleted, repaired by hand, or arrived.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="since">The db_version.</param>
    /// <param name="limit">How many are looked at, those that are in the list already too.</param>
    /// <param name="isAll">Whether there are no more.</param>
    /// <returns>How many were added.</returns>
    public int AddNeeded(RefusedRows rows, long since, int limit, out bool isAll)
    {
        int before = rows.Count;
        int left = limit;
        foreach (TrackedTable table in catalog.All)
        {
            needs.Bind(1, table.Name);
            bool isNeeded = needs.Step();
            needs.Reset();
            if (!isNeeded)
            {
                continue;
            }

            using Statement find = session.Connection.Prepare(
                $"SELECT r.tbl, r.pk FROM {table.QuotedClock} AS c CROSS JOIN {Rows} AS r ON r.needs_tbl = ?1 AND r.needs_pk = c.pk"
                + " WHERE c.db_version > ?2 LIMIT ?3");
            find.Bind(1, table.Name).Bind(2, since).Bind(3, left);
            left -= Add(find, rows);
            if (left <= 0)
            {
                break;
            }
        }

        isAll = left > 0;
        return rows.Count - before;
    }

    /// <summary>Stores up to where it was looked what waiting rows need.</summary>
    public void NoteReached(long dbVersion)
    {
        if (session.Settings.Integer(Settings.WaitingDbVersion) != dbVersion)
        {
            session.Settings.Set(Settings.WaitingDbVersion, dbVersion);
        }

        long schema = session.Connection.Integer("PRAGMA main.schema_version");
        if (session.Settings.Integer(Settings.WaitingSchema) != schema)
        {
            session.Settings.Set(Settings.WaitingSchema, schema);
        }
    }

    /// <returns>How many rows the statement gave.</returns>
    private static int Add(Statement found, RefusedRows rows)
    {
        int count = 0;
        try
        {
            for (; found.Step(); count++)
            {
                rows.AddWaiting(found.Text(0), found.Blob(1));
            }

            return count;
        }
        finally
        {
            found.Reset();
        }
    }
}
