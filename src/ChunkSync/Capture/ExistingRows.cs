using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>Captures rows that are in a table but not in its clocks (behaviour E.2): rows of the time before init, of a time when capture
/// was off, and columns that were added. All of it takes one db_version.</summary>
internal static unsafe class ExistingRows
{
    /// <summary>Keys read at once from a clock table that is written meanwhile.</summary>
    private const int KeysAtOnce = 256;

    /// <summary>Captures what is missing: first whole rows, then columns.</summary>
    public static void Capture(Replica replica, TrackedTable table) => Run(replica, () =>
    {
        int[] plain = PlainColumns(replica, table);
        bool columnsMissing = false;
        ForEachRow(replica, table, (key, clocks, writer) =>
        {
            if (!clocks.IsAlive)
            {
                writer.Insert(key);
            }

            columnsMissing |= clocks.HasHidden;
            foreach (int column in plain)
            {
                columnsMissing |= clocks.IsAlive && clocks.VersionOf(column) == null;
            }
        });
        if (columnsMissing)
        {
            ForEachRow(replica, table, (key, clocks, writer) =>
            {
                if (clocks.HasHidden)
                {
                    table.Filtered(replica).Show(key, writer);
                }

                foreach (int column in plain)
                {
                    if (clocks.VersionOf(column) == null)
                    {
                        writer.UpsertColumn(key, column, replica.Clock.Next());
                    }
                }
            });
        }
    });

    /// <summary>Gives every value of every row a new version; rows without clocks are captured as inserted.</summary>
    public static void CaptureValues(Replica replica, TrackedTable table) => Run(replica, () =>
    {
        int[] plain = PlainColumns(replica, table);
        ForEachRow(replica, table, (key, clocks, writer) =>
        {
            if (!clocks.IsAlive)
            {
                writer.Insert(key);
                return;
            }

            foreach (int column in plain)
            {
                writer.UpsertColumn(key, column, replica.Clock.Next());
            }
        });
    });

    /// <summary>Makes tombstones of clocks whose row is gone.</summary>
    public static void CaptureDeletions(Replica replica, TrackedTable table) => Run(replica, () =>
    {
        using Statement keys = replica.Connection.Prepare(
            $"SELECT DISTINCT pk FROM {table.QuotedClock} WHERE pk > ?1 ORDER BY pk LIMIT {KeysAtOnce}");
        using BaseRows rows = new(replica, table);
        using ClockRows clocks = new(replica, table);
        using KeyBuffer key = new(replica.Connection);
        List<byte[]> some = [];
        do
        {
            keys.BindBlob(1, some.Count == 0 ? [] : some[^1]);
            some.Clear();
            while (keys.Step())
            {
                some.Add(keys.Blob(0).ToArray());
            }

            keys.Reset();
            foreach (byte[] pk in some)
            {
                key.Assign(pk);
                // What was done to a row outside the filter is nobody else's business.
                if (!rows.Has(key) && clocks.Read(key) && clocks.IsAlive && !(clocks.HasHidden && table.Filter != null))
                {
                    table.Writer(replica).Delete(key);
                }
            }
        }
        while (some.Count == KeysAtOnce);
    });

    /// <summary>Hides the clocks of rows that the table's filter leaves out. Tombstones have no row and stay. Of a filter that cannot be
    /// evaluated any more, because a column is gone, all rows are outside.</summary>
    public static void HideFiltered(Replica replica, TrackedTable table) => Run(replica, () =>
    {
        string keys = $"SELECT {KeyList(table)} FROM {table.Quoted}";
        using Statement outside = replica.Connection.Prepare($"{keys} WHERE ({table.Filter}\n) IS NOT TRUE");
        using Statement all = replica.Connection.Prepare(keys);
        Statement rows = outside;
        try
        {
            _ = outside.Handle;
        }
        catch (EngineException failure) when (ResultCode.Primary(failure.Code) == ResultCode.Error)
        {
            rows = all;
        }

        using KeyBuffer key = new(replica.Connection);
        while (rows.Step())
        {
            if (key.TryRead(rows, table.KeyColumns.Length))
            {
                table.Filtered(replica).Hide(key);
            }
        }
    });

    /// <summary>A query of the rows that the table's filter lets through: key columns, then others.</summary>
    public static string Select(TrackedTable table, IEnumerable<TableColumn> others)
    {
        string columns = string.Join(", ", table.KeyColumns.Concat(others).Select(column => column.Quoted));
        string filter = table.Filter == null ? "" : $" WHERE ({table.Filter}\n)";
        return $"SELECT {columns} FROM {table.Quoted}{filter}";
    }

    private static void Run(Replica replica, Action body)
    {
        replica.IsCapturing = true;
        try
        {
            body();
        }
        finally
        {
            replica.IsCapturing = false;
        }
    }

    private static void ForEachRow(Replica replica, TrackedTable table, Action<KeyBuffer, ClockRows, LocalClockWriter> body)
    {
        using Statement rows = replica.Connection.Prepare($"{Select(table, [])} ORDER BY {KeyList(table)}");
        using ClockRows clocks = new(replica, table);
        using KeyBuffer key = new(replica.Connection);
        LocalClockWriter writer = table.Writer(replica);
        while (rows.Step())
        {
            if (!key.TryRead(rows, table.KeyColumns.Length))
            {
                throw new EngineException(ResultCode.Error,
                    $"Insert aborted because primary key in table {table.Name} contains NULL values.");
            }

            clocks.Read(key);
            body(key, clocks, writer);
        }
    }

    /// <summary>Columns whose clocks have the column's name, as indexes of <see cref="TrackedTable.ValueColumns"/>; those of block
    /// columns are named by their blocks.</summary>
    private static int[] PlainColumns(Replica replica, TrackedTable table) =>
    [
        .. Enumerable.Range(0, table.ValueColumns.Length).Where(column =>
            !table.HasBlocks || replica.Tables.ColumnSetting(table.Name, table.ValueColumns[column].Name, "algo") != "block"),
    ];

    private static string KeyList(TrackedTable table) => string.Join(", ", table.KeyColumns.Select(column => column.Quoted));
}
